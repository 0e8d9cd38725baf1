"""Add the route to the network of an address."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.routing import add_route
from doctor.facts.path.own.details import RoutesLost


@fixer(applicability=Applicability.SAFE)
def connected_route_missing(detail: RoutesLost) -> Iterator[Action]:
    """Add it as it was."""
    yield from map(add_route, detail.routes)
