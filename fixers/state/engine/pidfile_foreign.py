"""Set a pid file aside that names another process."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def pidfile_foreign(detail: OfFile) -> Iterator[Action]:
    """Move it into quarantine; dockerd writes a new one."""
    yield Quarantine(path=detail.path, why="the process it names is not this host's dockerd")
