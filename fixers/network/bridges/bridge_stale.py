"""Delete an empty stale bridge."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import StaleBridge


@fixer(applicability=Applicability.SAFE)
def bridge_stale(detail: StaleBridge) -> Iterator[Action]:
    """Delete the bridge if it has no address and nothing is on it; otherwise show advice."""
    bridge = detail.bridge
    if detail.is_empty:
        yield ChangeLink(
            do=("link", "del", {"dev": bridge}),
            undo=("link", "add", {"dev": bridge, "kind": "bridge"}),
            what=f"delete the empty bridge {bridge}",
        )
    else:
        more = f" and needs {'; '.join(detail.keeps)}" if detail.keeps else ""
        yield Advise(
            text=f"find the program that created {bridge}{more}; if nothing needs it: ip link delete {quote(bridge)}"
        )
