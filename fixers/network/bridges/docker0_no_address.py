"""Add the gateway's address to a bridge."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.managers.unmanaged import leave_alone
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import WrongAddress


@fixer(applicability=Applicability.SAFE)
def docker0_no_address(detail: WrongAddress) -> Iterator[Action]:
    """Add the address that the engine recorded for the network's gateway."""
    bridge, address = detail.bridge, detail.address
    yield ChangeLink(
        do=("addr", "add", {"dev": bridge, "address": address}),
        undo=("addr", "del", {"dev": bridge, "address": address}),
        what=f"add {address} to {bridge}",
    )
    yield from leave_alone(detail.taker)
