"""Set the uplink up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import add_address, add_route
from doctor.facts.path.own.details import UplinkLost


@fixer(applicability=Applicability.DISRUPTIVE)
def uplink_down(detail: UplinkLost) -> Iterator[Action]:
    """Set it up, and add the IPv6 addresses and the routes that the kernel removed with it."""
    yield ChangeLink(
        do=("link", "set", {"dev": detail.device, "state": "up"}),
        undo=("link", "set", {"dev": detail.device, "state": "down"}),
        what=f"set {detail.device} up",
    )
    for address in detail.addresses:
        yield add_address(detail.device, address)
    yield from map(add_route, detail.routes)
