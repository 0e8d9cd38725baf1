"""Set the host's end of a container's interface up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.details import OfLink


@fixer(applicability=Applicability.SAFE)
def veth_down(detail: OfLink) -> Iterator[Action]:
    """Set the host's end of the veth up."""
    interface = detail.name
    yield ChangeLink(
        do=("link", "set", {"dev": interface, "state": "up"}),
        undo=("link", "set", {"dev": interface, "state": "down"}),
        what=f"set {interface} up",
    )
