"""Advise how to see why a health check fails."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import OfContainers


@fixer(applicability=Applicability.MANUAL)
def unhealthy(detail: OfContainers) -> Iterator[Action]:
    """Show the commands; a restart may help, and only the user knows whether the service allows it now."""
    first = detail.names[0]
    yield Advise(
        text=f"docker inspect -f '{{{{json .State.Health}}}}' {first}; docker logs --tail 50 {first}; then: "
        f"docker restart {' '.join(detail.names)}"
    )
