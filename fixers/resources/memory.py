"""Say how the consumer is found."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def memory() -> Iterator[Action]:
    """Name the commands."""
    yield Advise(
        text="docker stats --no-stream shows who takes it; docker update --memory LIMIT --memory-swap LIMIT NAME"
    )
