"""Say how the engine's TCP listener is closed or guarded."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def tcp_exposed(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Somebody may be working through it: a person closes it."""
    address = finding.subject.name
    port = address.rpartition(":")[2].strip("/")
    seen = f"ss -Htn state established '( sport = :{port} )'" if port.isdigit() else "ss -Htn state established"
    yield Advise(
        text=f"{seen} shows who uses it. Take {address} out at {config.setting('hosts').place}, systemctl restart docker, and"
        " use DOCKER_HOST=ssh://USER@HOST instead"
    )
