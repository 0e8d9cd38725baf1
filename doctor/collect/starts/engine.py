"""Determines whether and how the engine can be asked to start a container."""

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineAnswer, EngineState
from doctor.facts.host.processes import Processes
from doctor.facts.network.networks import Networks
from doctor.facts.starts.engine import StartingEngine
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why


@collector
def starting_engine(  # noqa: PLR0917 - the facts that it combines
    state: EngineState,
    answer: EngineAnswer,
    config: EngineConfig | Missing,
    processes: Processes | Missing,
    containers: Containers | Missing,
    programs: EnginePrograms | Missing,
    networks: Networks | Missing,
) -> StartingEngine:
    """Return it. An engine that its socket would start stays as it is: a probe starts no service."""
    if state.status in {"absent", "down", "idle"}:
        reason = "this host has no Docker Engine" if state.status == "absent" else "the engine does not run"
        raise HostError(Missing(Why.ABSENT, reason))
    process = None if isinstance(processes, Missing) else processes.pid(state.pid)
    return StartingEngine(
        socket=answer.socket,
        pid=state.pid,
        silent=state.reason if state.status in {"hung", "starting"} else "",
        is_stopped=process is not None and process.state in {"T", "t"},
        uses_init=_uses_init(config, containers),
        has_init=isinstance(programs, EnginePrograms) and docker.INIT in (*programs.found, *programs.broken),
        network=_network(networks),
        starts_now=state.status == "starting",
    )


def _network(networks: Networks | Missing) -> str:
    """Return the network of a container that names none, "" if the engine was started without it."""
    items = () if isinstance(networks, Missing) else networks.items
    return next((one.name for one in items if one.is_default and one.is_bridge and one.subnets), "")


def _uses_init(config: EngineConfig | Missing, containers: Containers | Missing) -> bool:
    if isinstance(config, EngineConfig) and config.get("init") is True:
        return True
    known = () if isinstance(containers, Missing) else containers.items
    return any(one.host is not None and one.host.init for one in known)
