"""Set a bridge up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink


@fixer(applicability=Applicability.SAFE)
def docker0_down(finding: Finding) -> Iterator[Action]:
    """Set the bridge up."""
    bridge = finding.detail.bridge
    yield ChangeLink(
        do=("link", "set", {"dev": bridge, "state": "up"}),
        undo=("link", "set", {"dev": bridge, "state": "down"}),
        what=f"set the bridge {bridge} up",
    )
