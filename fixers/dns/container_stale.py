"""Advise a restart of the container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import OfContainers


@fixer(applicability=Applicability.MANUAL)
def container_stale(detail: OfContainers) -> Iterator[Action]:
    """Show the command: the user knows when the service may be away for a moment."""
    yield Advise(text=f"docker restart {' '.join(detail.names)}")
