"""Advise how to find the consumer of the memory."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def memory() -> Iterator[Action]:
    """Show the commands that find the consumer and limit its memory."""
    yield Advise(
        text="docker stats --no-stream shows the consumers; docker update --memory LIMIT --memory-swap LIMIT NAME limits one"
    )
