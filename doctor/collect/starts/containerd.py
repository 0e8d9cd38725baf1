"""Finds the containerd that the engine uses, as dockerd chooses it; without an engine, the one that runs."""

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import ContainerdService, is_engines, option
from doctor.facts.engine.state import EngineState
from doctor.facts.host.processes import Processes
from doctor.facts.starts.containerd import HostContainerd
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.process import Process

_WORKS = frozenset({"running", "hung", "starting"})
_SNAPS = "/snap/"


@collector
def host_containerd(
    host: Host,
    config: EngineConfig | Missing,
    state: EngineState | Missing,
    processes: Processes,
    service: ContainerdService | Missing,
) -> HostContainerd:
    """Return it. dockerd prefers the socket that it is given, then the service's, then it starts its own (cmd/dockerd, initContainerd)."""
    running = processes.of_host(containerd.PROCESS)
    engines = frozenset(process.pid for process in processes.of_host(*docker.PROCESSES))
    own = next((process for process in running if is_engines(process, engines)), None)
    other = next((process for process in running if process is not own), None)
    if any(process.exe.startswith(_SNAPS) for process in running):
        raise HostError(Missing(Why.ABSENT, "the containerd of a snap may read only the files of its snap"))
    settings = EngineConfig() if isinstance(config, Missing) else config
    has_engine = isinstance(state, EngineState) and state.status in _WORKS
    named = settings.get("containerd")
    if has_engine and isinstance(named, str) and named.startswith("/"):
        return _of_service(named, other, service)
    if own is not None and has_engine:
        return _own(settings, own)
    if other is not None or host.exists(containerd.SOCKET):
        return _of_service(_address(other, service), other, service)
    if has_engine and engines:
        return _own(settings, None)
    refused = next((one for one in (state, config, service) if isinstance(one, Missing) and not one.is_harmless), None)
    raise HostError(refused or Missing(Why.ABSENT, "no containerd runs on this host"))


def _own(settings: EngineConfig, process: Process | None) -> HostContainerd:
    """Return dockerd's own; its root and state directory are named by dockerd (libcontainerd/supervisor)."""
    state = f"{settings.exec_root}/{docker.EXEC_CONTAINERD}"
    return HostContainerd(
        socket=f"{state}/{containerd.SOCKET_NAME}",
        is_own=True,
        pid=process.pid if process is not None else 0,
        is_stopped=_is_stopped(process),
        directories=(f"{settings.data_root}/{docker.OWN_CONTAINERD}", f"{state}/daemon"),
    )


def _of_service(socket: str, process: Process | None, service: ContainerdService | Missing) -> HostContainerd:
    known = not isinstance(service, Missing) and any(process and one.pid == process.pid for one in service.running)
    roots = (*service.roots, service.state) if known and not isinstance(service, Missing) else _directories(process)
    return HostContainerd(
        socket=socket,
        pid=process.pid if process is not None else 0,
        is_stopped=_is_stopped(process),
        directories=tuple(map(str, roots)),
    )


def _address(process: Process | None, service: ContainerdService | Missing) -> str:
    """Return the socket of a service: as its settings or its command line name it, else the default."""
    if process is not None and not isinstance(service, Missing):
        found = next((one.socket for one in service.running if one.pid == process.pid), "")
        if found:
            return found.removeprefix("unix://")
    words = () if process is None else process.argv[1:]
    return (option(words, "address", "a") or containerd.SOCKET).removeprefix("unix://")


def _directories(process: Process | None) -> tuple[str, ...]:
    """Return the root and the state directory on the command line, as k3s and others start it."""
    words = () if process is None else process.argv[1:]
    return tuple(found for name in ("root", "state") if (found := option(words, name)) and found.startswith("/"))


def _is_stopped(process: Process | None) -> bool:
    return process is not None and process.state in {"T", "t"}
