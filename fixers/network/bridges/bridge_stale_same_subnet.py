"""Delete a stale bridge with an address in a network's subnet."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import SubnetTaken


@fixer(applicability=Applicability.SAFE)
def bridge_stale_same_subnet(detail: SubnetTaken) -> Iterator[Action]:
    """Remove the bridge's addresses, set it down and delete it, as separate changes that undo can reverse; else show the command."""
    bridge = detail.bridge
    if detail.keeps:
        yield Advise(
            text=f"find out who needs {'; '.join(detail.keeps)}: an undo could not bring that back; if nobody: ip link delete {quote(bridge)}"
        )
        return
    for address in reversed(detail.addresses):
        yield ChangeLink(
            do=("addr", "del", {"dev": bridge, "address": address}),
            undo=("addr", "add", {"dev": bridge, "address": address}),
            what=f"remove {address} from {bridge}",
        )
    if detail.is_up:
        yield ChangeLink(
            do=("link", "set", {"dev": bridge, "state": "down"}),
            undo=("link", "set", {"dev": bridge, "state": "up"}),
            what=f"set {bridge} down",
        )
    yield ChangeLink(
        do=("link", "del", {"dev": bridge}),
        undo=("link", "add", {"dev": bridge, "kind": "bridge"}),
        what=f"delete the stale bridge {bridge}",
    )
