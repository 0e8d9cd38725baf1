"""Quarantine a pid file that names another process."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def containerd_pid_foreign(detail: OfFile) -> Iterator[Action]:
    """Move it to quarantine; containerd writes a new one."""
    yield Quarantine(path=detail.path, why="its process is not containerd")
