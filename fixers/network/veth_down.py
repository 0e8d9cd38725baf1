"""Set a container's interface up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.network import ChangeLink


@fixer(applicability=Applicability.SAFE)
def veth_down(finding: Finding) -> Iterator[Action]:
    """Set the host's end of the veth up."""
    interface = finding.detail.interface
    yield ChangeLink(
        do=("link", "set", {"dev": interface, "state": "up"}),
        undo=("link", "set", {"dev": interface, "state": "down"}),
        what=f"set {interface} up",
    )
