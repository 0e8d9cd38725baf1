"""Say which servers containers can be given."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def daemon_dns_loopback(engine: EngineConfig) -> Iterator[Action]:
    """Only a person knows the server."""
    yield Advise(
        text=f"set 'dns' ({engine.setting('dns').place}) to a server that containers reach, or take it out (grep nameserver "
        "/run/systemd/resolve/resolv.conf shows the host's own); systemctl restart docker"
    )
