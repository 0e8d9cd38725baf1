"""Restart the engine where containers run on meanwhile, else advise a restart of the container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.containers.details import OfContainers
from doctor.facts.engine.state import EngineInfo


@fixer(applicability=Applicability.DISRUPTIVE)
def docker_proxy_gone(detail: OfContainers, info: EngineInfo | Missing) -> Iterator[Action]:
    """With live-restore the engine starts its proxies again as it starts; else the user knows when the service may be away."""
    if not isinstance(info, Missing) and info.live_restore:
        yield RestartEngine(reason="it starts the missing docker-proxy again, while containers run on (live-restore)")
        return
    yield Advise(
        text=f'docker restart {" ".join(detail.names)}; or, without a restart of containers: set "live-restore": true in'
        " /etc/docker/daemon.json, systemctl reload docker, then systemctl restart docker, which starts each docker-proxy again"
    )
