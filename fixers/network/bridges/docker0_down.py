"""Set a bridge up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.details import OfLink


@fixer(applicability=Applicability.SAFE)
def docker0_down(detail: OfLink) -> Iterator[Action]:
    """Set the bridge up."""
    bridge = detail.name
    yield ChangeLink(
        do=("link", "set", {"dev": bridge, "state": "up"}),
        undo=("link", "set", {"dev": bridge, "state": "down"}),
        what=f"set the bridge {bridge} up",
    )
