"""Make a container's log readable again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import RepairLog
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def container_log_damaged(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """Remove the bytes that are not a complete line."""
    yield EditFile(
        path=detail.path,
        edit=RepairLog(),
        what=f"remove the invalid bytes from the log of container {finding.subject.name}",
        stage=Stage.MOUNTS,
    )
