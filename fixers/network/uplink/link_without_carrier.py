"""Ask whether the routes over an interface without a carrier are deleted."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.path.routing import delete_route
from doctor.facts.path.own.details import RouteAdded


@fixer(applicability=Applicability.SAFE)
def link_without_carrier(detail: RouteAdded) -> Iterator[Action]:
    """Its program may start again: only a person knows."""
    device = detail.routes[0].device if detail.routes else "DEVICE"
    if not detail.is_new or any(one.route.has_more for one in detail.routes):
        yield Advise(
            text=f"start the program that serves {device}, plug in its cable, or take it out of use: ip link set {quote(device)} down"
        )
        return
    yield Choose(
        question=f"whether the routes over {device} stay",
        options=(
            Choosable(
                name="delete",
                evidence=(
                    *(Evidence("not there at the last healthy scan", one.text) for one in detail.routes[:4]),
                    Evidence("delete", "packets take their former way; an undo adds the routes again"),
                ),
                actions=tuple(map(delete_route, detail.routes)),
            ),
            Choosable(
                name="leave",
                evidence=(
                    Evidence("ip link", f"{device} has no carrier"),
                    Evidence(
                        "leave",
                        f"packets end there until the program that serves {device} runs, or its cable is plugged in",
                    ),
                ),
                actions=(),
            ),
        ),
    )
