"""Replace routes of a container by those that the engine set."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import inside, route_words
from doctor.facts.path.ends.details import RoutesWrong


@fixer(applicability=Applicability.SAFE)
def container_route_wrong(detail: RoutesWrong) -> Iterator[Action]:
    """Remove the wrong ones, then add the engine's."""
    for route in detail.wrong:
        yield inside(
            detail.place,
            ("route", "del", route),
            ("route", "add", route),
            f"remove {route_words(route)}",
        )
    for route in detail.missing:
        yield inside(detail.place, ("route", "add", route), ("route", "del", route), f"add {route_words(route)}")
