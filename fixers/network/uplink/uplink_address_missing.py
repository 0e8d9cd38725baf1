"""Add the uplink's address."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.routing import add_route
from doctor.facts.path.own.details import UplinkLost


@fixer(applicability=Applicability.DISRUPTIVE)
def uplink_address_missing(detail: UplinkLost) -> Iterator[Action]:
    """Add what the last healthy scan saw; a lease must be renewed by its program."""
    if detail.is_leased:
        device = detail.device
        yield Advise(
            text=f"renew the lease: {detail.command}"
            if detail.command
            else f"renew the lease: networkctl renew {device}, nmcli device reapply {device}, or dhclient {device},"
            " whichever manages the interface"
        )
    for address in detail.addresses:
        request: dict[str, str | int] = {"dev": detail.device, "address": address.text}
        yield ChangeLink(
            do=("addr", "add", request | address.attributes),
            undo=("addr", "del", request),
            what=f"add the address {address.text} to {detail.device}",
        )
    yield from map(add_route, detail.routes)
