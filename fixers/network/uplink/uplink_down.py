"""Set the uplink up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import add_route
from doctor.facts.path.own.details import UplinkLost


@fixer(applicability=Applicability.DISRUPTIVE)
def uplink_down(detail: UplinkLost) -> Iterator[Action]:
    """Set it up, and add the routes that the kernel removed with it."""
    yield ChangeLink(
        do=("link", "set", {"dev": detail.device, "state": "up"}),
        undo=("link", "set", {"dev": detail.device, "state": "down"}),
        what=f"set {detail.device} up",
    )
    yield from map(add_route, detail.routes)
