"""Recreate a bridge and attach its containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import BridgeMissing


@fixer(applicability=Applicability.DISRUPTIVE)
def docker0_missing(detail: BridgeMissing) -> Iterator[Action]:
    """Create the bridge with the recorded address, set it up, and attach the containers' interfaces."""
    bridge = detail.bridge
    arguments: dict[str, str | int] = {"dev": bridge, "kind": "bridge"}
    if detail.mac:
        arguments["address"] = detail.mac
    yield ChangeLink(
        do=("link", "add", arguments),
        undo=("link", "del", {"dev": bridge}),
        what=f"create the bridge {bridge}",
    )
    for address in detail.addresses:
        yield ChangeLink(
            do=("addr", "add", {"dev": bridge, "address": address}), undo=None, what=f"add {address} to {bridge}"
        )
    yield ChangeLink(do=("link", "set", {"dev": bridge, "state": "up"}), undo=None, what=f"set the bridge {bridge} up")
    for port in detail.ports:
        yield ChangeLink(
            do=("link", "set", {"dev": port, "master": bridge}), undo=None, what=f"attach {port} to {bridge}"
        )
