"""Make a container's log readable to its end."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Stage, fixer
from doctor.api.actions.files import EditFile
from doctor.api.actions.state import MendLog
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def container_log_damaged(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """Take out what is no line."""
    yield EditFile(
        path=detail.path,
        edit=MendLog(),
        what=f"take the damaged bytes out of the log of container {finding.subject.name}",
        stage=Stage.MOUNTS,
    )
