"""Show how the isolation of bridge ports is turned off."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.path.details import PortsIsolated


@fixer(applicability=Applicability.MANUAL)
def bridge_port_isolated(detail: PortsIsolated) -> Iterator[Action]:
    """Show the commands: no engine isolates ports, so somebody did, and ports that are closed now would open."""
    commands = "; ".join(f"bridge link set dev {port} isolated off" for port in detail.ports)
    yield Advise(text=f"{commands}; if nobody keeps the containers apart on purpose")
