"""Attach a container's interface to its bridge."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink


@fixer(applicability=Applicability.SAFE)
def veth_detached(finding: Finding) -> Iterator[Action]:
    """Attach the interface to the bridge of its network."""
    detail = finding.detail
    yield ChangeLink(
        do=("link", "set", {"dev": detail.interface, "master": detail.bridge}),
        undo=("link", "set", {"dev": detail.interface, "master": detail.now}),
        what=f"attach {detail.interface} to {detail.bridge}",
    )
