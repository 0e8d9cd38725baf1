"""Turn the isolation of bridge ports off."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import PortsIsolated


@fixer(applicability=Applicability.SAFE)
def bridge_port_isolated(detail: PortsIsolated) -> Iterator[Action]:
    """Set each port as the engine creates it."""
    for port in detail.ports:
        yield ChangeLink(
            do=("brport", "set", {"dev": port, "isolated": 0}),
            undo=("brport", "set", {"dev": port, "isolated": 1}),
            what=f"turn the isolation of {port} off",
        )
