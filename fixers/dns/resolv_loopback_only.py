"""Set "dns" to the host's real name servers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.config.engine_settings import set_setting
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.details import LoopbackOnly


@fixer(applicability=Applicability.DISRUPTIVE)
def resolv_loopback_only(detail: LoopbackOnly, engine: EngineConfig) -> Iterator[Action]:
    """Set "dns" to servers that a program of the host lists; without any, show advice."""
    servers = detail.servers
    if servers:
        yield set_setting(engine.json.path, ("dns",), list(servers))
    else:
        yield Advise(
            text=f'set "dns": ["ADDRESS"] in {engine.json.path} to a server of your network that containers can reach, then systemctl restart docker'
        )
