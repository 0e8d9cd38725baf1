"""Advise how to start a container whose start failed."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import StartError


@fixer(applicability=Applicability.MANUAL)
def start_failed(detail: StartError) -> Iterator[Action]:
    """Show the command; only the user knows how to correct the error."""
    remedy = detail.do or "correct the error that the engine recorded"
    yield Advise(text=f"{remedy}, then: docker start {' '.join(detail.names)}")
