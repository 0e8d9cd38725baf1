"""Set the loopback interface up."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.details import OfLink


@fixer(applicability=Applicability.SAFE)
def loopback_down(detail: OfLink) -> Iterator[Action]:
    """Set it up."""
    name = detail.name
    yield ChangeLink(
        do=("link", "set", {"dev": name, "state": "up"}),
        undo=("link", "set", {"dev": name, "state": "down"}),
        what=f"set the interface {name} up",
    )
