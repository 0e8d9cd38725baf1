"""Turn hairpin mode on."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import HairpinOff


@fixer(applicability=Applicability.SAFE)
def hairpin_off(detail: HairpinOff) -> Iterator[Action]:
    """Set each port as an engine without docker-proxy creates it."""
    for port in detail.ports:
        yield ChangeLink(
            do=("brport", "set", {"dev": port, "mode": 1}),
            undo=("brport", "set", {"dev": port, "mode": 0}),
            what=f"turn hairpin mode of {port} on",
        )
