"""Quarantine the runtime's state of a dead container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def runc_state_leftover(detail: OfFile) -> Iterator[Action]:
    """Move the directory to quarantine."""
    yield Quarantine(path=detail.path, why="its process no longer exists")
