"""Advise how to continue a stopped helper."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.halted import HaltedProgram


@fixer(applicability=Applicability.MANUAL)
def helper_stopped(detail: HaltedProgram) -> Iterator[Action]:
    """Show the command: the user decides, because somebody may have stopped it on purpose."""
    yield Advise(text=detail.command)
