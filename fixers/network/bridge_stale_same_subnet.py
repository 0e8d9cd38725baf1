"""Delete a left-over bridge that holds a network's subnet."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink


@fixer(applicability=Applicability.SAFE)
def bridge_stale_same_subnet(finding: Finding) -> Iterator[Action]:
    """Remove its addresses, set it down and delete it: each a change of its own, so that undo rebuilds all of it."""
    bridge = finding.detail.bridge
    for address in finding.detail.addresses:
        yield ChangeLink(
            do=("addr", "del", {"dev": bridge, "address": address}),
            undo=("addr", "add", {"dev": bridge, "address": address}),
            what=f"remove {address} from {bridge}",
        )
    if finding.detail.is_up:
        yield ChangeLink(
            do=("link", "set", {"dev": bridge, "state": "down"}),
            undo=("link", "set", {"dev": bridge, "state": "up"}),
            what=f"set {bridge} down",
        )
    yield ChangeLink(
        do=("link", "del", {"dev": bridge}),
        undo=("link", "add", {"dev": bridge, "kind": "bridge"}),
        what=f"delete the left-over bridge {bridge}",
    )
