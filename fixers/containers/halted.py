"""Advise how to continue a container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.halted import HaltedProgram


@fixer(applicability=Applicability.MANUAL)
def halted(detail: HaltedProgram) -> Iterator[Action]:
    """Show the command: a backup or a person may have stopped it on purpose, and the user decides."""
    yield Advise(text=detail.command)
