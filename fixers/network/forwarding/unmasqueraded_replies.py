"""Advise how to open the network to direct routing."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.config.engine import EngineConfig


@fixer(applicability=Applicability.MANUAL)
def unmasqueraded_replies(finding: Finding, config: EngineConfig) -> Iterator[Action]:
    """Both ways open containers to other hosts, so the user decides."""
    name = finding.subject.name
    one = (
        'set "ip-masq" to true, if nothing needs the containers\' own addresses, and systemctl restart docker'
        if name == "bridge"
        else f"docker network rm {quote(name)}, then docker network create -o com.docker.network.bridge.gateway_mode_ipv4=routed {quote(name)}"
    )
    yield Advise(
        text=f'with engine 28.2 or newer, set "allow-direct-routing": true in {config.json.path}, then systemctl restart docker (other '
        f"hosts then reach all published ports by the containers' addresses); or {one}"
    )
