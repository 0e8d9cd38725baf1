"""Replace the addresses of a bridge with the gateway's."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.managers.unmanaged import leave_alone
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import WrongAddress


@fixer(applicability=Applicability.SAFE)
def docker0_wrong_address(detail: WrongAddress) -> Iterator[Action]:
    """Add the gateway's address, then remove the others."""
    bridge, right = detail.bridge, detail.address
    yield ChangeLink(
        do=("addr", "add", {"dev": bridge, "address": right}),
        undo=("addr", "del", {"dev": bridge, "address": right}),
        what=f"add {right} to {bridge}",
    )
    # The kernel deletes the other addresses of a network with its first one: each has a step of its own, which undo reverses.
    for wrong in reversed(detail.wrong):
        yield ChangeLink(
            do=("addr", "del", {"dev": bridge, "address": wrong}),
            undo=("addr", "add", {"dev": bridge, "address": wrong}),
            what=f"remove {wrong} from {bridge}",
        )
    yield from leave_alone(detail.taker)
