"""Set a pid file aside that names another process."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.files import Quarantine


@fixer(applicability=Applicability.SAFE)
def containerd_pid_foreign(finding: Finding) -> Iterator[Action]:
    """Move it into quarantine; containerd writes a new one."""
    yield Quarantine(path=finding.detail.path, why="the process it names is not containerd")
