"""Make a container's log readable to its end."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, EditFile, MendLog, Stage


@fixer(applicability=Applicability.SAFE)
def container_log_damaged(finding: Finding) -> Iterator[Action]:
    """Take out what is no line."""
    yield EditFile(
        path=finding.detail.path,
        edit=MendLog(),
        what=f"take the damaged bytes out of the log of container {finding.subject.name}",
        stage=Stage.MOUNTS,
    )
