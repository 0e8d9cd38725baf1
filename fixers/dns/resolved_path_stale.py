"""Advise a restart of the engine."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def resolved_path_stale() -> Iterator[Action]:
    """Show the command: it stops all containers for a moment."""
    yield Advise(text="systemctl restart docker")
