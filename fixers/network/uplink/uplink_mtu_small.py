"""Set the MTU of the last healthy scan."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.own.details import MtuSmall


@fixer(applicability=Applicability.SAFE)
def uplink_mtu_small(detail: MtuSmall) -> Iterator[Action]:
    """It was larger, and packets arrived; without a known one show the command."""
    if not detail.was:
        yield Advise(
            text=f"ip link set {detail.device} mtu MTU, with the MTU of the network that {detail.device} is connected to"
        )
        return
    yield ChangeLink(
        do=("link", "set", {"dev": detail.device, "mtu": detail.was}),
        undo=("link", "set", {"dev": detail.device, "mtu": detail.mtu}),
        what=f"set the MTU of {detail.device} to {detail.was}",
    )
