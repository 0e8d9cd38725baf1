"""Advise how to close the engine's TCP listener."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def tcp_exposed(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Show the commands; the listener may be in use, so the user closes it."""
    address = finding.subject.name
    port = address.rpartition(":")[2].strip("/")
    seen = f"ss -Htn state established '( sport = :{port} )'" if port.isdigit() else "ss -Htn state established"
    yield Advise(
        text=f"{seen} shows its clients. Remove {address} from {config.setting('hosts').place}, systemctl restart docker, and"
        " use DOCKER_HOST=ssh://USER@HOST instead"
    )
