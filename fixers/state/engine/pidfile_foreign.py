"""Set a pid file aside that names another process."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.files import Quarantine


@fixer(applicability=Applicability.SAFE)
def pidfile_foreign(finding: Finding) -> Iterator[Action]:
    """Move it into quarantine; dockerd writes a new one."""
    yield Quarantine(path=finding.detail.path, why="the process it names is not this host's dockerd")
