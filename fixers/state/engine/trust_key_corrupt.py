"""Let the engine create another key."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.SAFE)
def trust_key_corrupt(detail: OfFile) -> Iterator[Action]:
    """Move the file to quarantine."""
    yield Quarantine(path=detail.path, why="the engine creates another key at its next start")
