"""Add routes of a container that the engine set, and ask whether they replace those of somebody."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.endpoints import inside, route_words
from doctor.facts.path.ends.details import RoutesWrong


@fixer(applicability=Applicability.SAFE)
def container_route_wrong(detail: RoutesWrong) -> Iterator[Action]:
    """Add what is missing. A default route that somebody set may keep packets from the usual way: only a person may replace it."""
    if not detail.wrong:
        yield from _added(detail)
        return
    gateways = ", ".join(str(route.get("gateway", "")) for route in detail.wrong)
    removed = tuple(
        inside(
            detail.place,
            ("route", "del", route),
            ("route", "add", route),
            f"remove {route_words(route)}",
        )
        for route in detail.wrong
    )
    yield Choose(
        question=f"whether the default route of container {detail.place.container} over {gateways} stays",
        options=(
            Choosable(
                name="replace",
                evidence=(Evidence("who set it", "neither the engine nor a program of the container"),),
                actions=(*removed, *_added(detail)),
            ),
            Choosable(
                name="leave",
                evidence=(
                    Evidence(
                        "leave it", f"if {gateways} is a VPN or a filter that is off now: nothing may go around it"
                    ),
                ),
                actions=(),
            ),
        ),
    )


def _added(detail: RoutesWrong) -> Iterator[ChangeLink]:
    for route in detail.missing:
        yield inside(detail.place, ("route", "add", route), ("route", "del", route), f"add {route_words(route)}")
