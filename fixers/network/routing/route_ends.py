"""Ask whether a route is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.routing import ask_about_route
from doctor.facts.path.own.details import RouteAdded


@fixer(applicability=Applicability.SAFE)
def route_ends(detail: RouteAdded) -> Iterator[Action]:
    """A route that the last healthy scan did not see may be deleted; of others only the command is shown."""
    for route in detail.routes:
        yield ask_about_route(route, is_new=detail.is_new, source=detail.source)
