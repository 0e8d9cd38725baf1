"""Explains why the last start of a container failed. Costs nothing without such a container."""

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.gpus import Gpus, by_cdi, by_hook
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import lost_runtimes
from doctor.facts.containers.start_errors import StartErrors, cause_of
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineInfo, EngineState
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import Missing
from doctor.plugins.messages import explained

_MOST = 100
"""Different errors that are explained."""


@collector
def start_errors(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    containers: Containers,
    state: EngineState | Missing,
    info: EngineInfo | Missing,
    programs: EnginePrograms | Missing,
    config: EngineConfig | Missing,
    sources: ContainerSources | Missing,
    gpus: Gpus | Missing,
) -> StartErrors:
    """Return what is known; each different error is matched once. Whether a cause is gone is known of a running host only."""
    failed = [one for one in containers.items if one.has_failed_start]
    if not failed:
        return StartErrors()
    from doctor.collect.containers.gone_causes import gone  # noqa: PLC0415 - a healthy host has no use for it

    texts = {one.id: cause_of(one) for one in failed}
    found = explained(list(dict.fromkeys(texts.values()))[:_MOST])
    is_alive = host.is_live() and isinstance(state, EngineState) and state.is_running
    reasons = {one.id: gone(host, one, info, programs) for one in failed} if is_alive else {}
    apart: set[str] = set()
    if isinstance(sources, ContainerSources):
        apart.update(sources.devices, sources.mounts, sources.plugins)
    if isinstance(config, EngineConfig):
        listed = info.runtimes if isinstance(info, EngineInfo) else ()
        lost = lost_runtimes(containers, config)
        apart.update(one.id for name, users in lost.items() if name not in listed for one in users)
    if isinstance(gpus, Gpus):
        apart.update(one.id for one in failed if any(not gpus.has_device(name) for name in by_cdi(one)))
        apart.update(one.id for one in failed if by_hook(one) and not gpus.hook)
    return StartErrors(
        apart=frozenset(apart),
        known={identity: found[text].best for identity, text in texts.items() if text in found},
        gone={identity: reason for identity, reason in reasons.items() if reason},
    )
