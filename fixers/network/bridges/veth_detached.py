"""Attach a container's interface to its bridge."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import Detached


@fixer(applicability=Applicability.SAFE)
def veth_detached(detail: Detached) -> Iterator[Action]:
    """Attach the interface to the bridge of its network."""
    yield ChangeLink(
        do=("link", "set", {"dev": detail.interface, "master": detail.bridge}),
        undo=("link", "set", {"dev": detail.interface, "master": detail.now}),
        what=f"attach {detail.interface} to {detail.bridge}",
    )
