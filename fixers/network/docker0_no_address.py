"""Give a bridge its gateway address."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink


@fixer(applicability=Applicability.SAFE)
def docker0_no_address(finding: Finding) -> Iterator[Action]:
    """Add the address that the engine recorded for the network's gateway."""
    bridge, address = finding.detail.bridge, finding.detail.address
    yield ChangeLink(
        do=("addr", "add", {"dev": bridge, "address": address}),
        undo=("addr", "del", {"dev": bridge, "address": address}),
        what=f"add {address} to {bridge}",
    )
