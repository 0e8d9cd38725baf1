"""Advise how to set name servers that containers can reach."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def daemon_dns_loopback(engine: EngineConfig) -> Iterator[Action]:
    """Show the setting; only the user knows the server."""
    yield Advise(
        text=f"set 'dns' ({engine.setting('dns').place}) to a server that containers can reach, or remove it (grep nameserver "
        "/run/systemd/resolve/resolv.conf shows the host's servers); then systemctl restart docker"
    )
