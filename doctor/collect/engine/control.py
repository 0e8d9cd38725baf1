"""Determines the processes that hold the data root, and how they are stopped and started."""

import json
from collections.abc import Iterator

from msgspec.structs import replace

from doctor.collect.containers.unread import unread
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import ContainerdService, is_engines
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.stopped import Stopping, stopping
from doctor.facts.containers.writable_layers import WritableLayers
from doctor.facts.engine.control import EngineControl, Holder
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineAnswer, EngineInfo, EngineVersion
from doctor.facts.engine.units import SHOW, EngineUnits, UnitState
from doctor.facts.host.processes import Processes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.model.process import Process
from doctor.model.step import Answer

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


@collector
def engine_control(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    config: EngineConfig,
    processes: Processes | Missing,
    answer: EngineAnswer,
    info: EngineInfo | Missing,
    version: EngineVersion | Missing,
    systemd: EngineUnits | Missing,
    root: DataRoot | Missing,
    service: ContainerdService,
    containers: Containers | Missing,
    layers: WritableLayers | Missing,
) -> EngineControl:
    """Return how the engine is stopped and started; for a mounted root only the directories that must not be held."""
    roots = (*_data_roots(host, config, root), *service.roots)
    if isinstance(processes, Missing):
        return EngineControl(manager="none", data_roots=roots, service_roots=service.roots)
    holders = _holders(host, processes)
    manager, units, script = _manager(host, config, holders, systemd)
    is_kept = _keeps_containers(config, info)
    counted = 0 if isinstance(info, Missing) else info.running_containers
    running = _stopping(holders, containers, layers)
    running = (*running, *unread(host, counted, running))
    return EngineControl(
        manager=manager,
        units=units,
        script=script,
        holders=holders,
        containerd=tuple(_service(host, processes, service)),
        data_roots=roots,
        service_roots=service.roots,
        stopping=() if is_kept else running,
        unnamed=0 if is_kept else max(0, counted - len(running)),
        keeps=info.running_containers if is_kept and isinstance(info, EngineInfo) else 0,
        socket="" if answer.socket == docker.SOCKET else answer.socket,
        turns_forwarding_on=config.ip_forward,
        manual=_manual(manager, holders, answer),
        answer=_answer(answer, version),
        unit_answers=() if isinstance(systemd, Missing) else (_unit_answer(systemd, units),),
    )


def _data_roots(host: Host, config: EngineConfig, root: DataRoot | Missing) -> tuple[str, ...]:
    """Return the data root as configured, its real path, and the targets of directories that are links."""
    path = config.data_root
    if not isinstance(root, Missing):
        return tuple(dict.fromkeys((path, root.resolved, *root.places.values())))
    try:
        resolved = host.resolve(path)
    except HostError:
        resolved = path
    return tuple(dict.fromkeys((path, resolved)))


def _holders(host: Host, processes: Processes) -> tuple[Holder, ...]:
    engines = processes.of_host(*docker.PROCESSES)
    pids = frozenset(process.pid for process in engines)
    own = [process for process in processes.of_host(containerd.PROCESS) if is_engines(process, pids)]
    # A containerd of a running dockerd stops with it, and is started by it.
    orphans = [process for process in own if process.ppid not in pids and not engines]
    return tuple(_holder(host, process, docker.PROCESS) for process in engines) + tuple(
        replace(_holder(host, process, containerd.PROCESS), is_engine=False) for process in orphans
    )


def _service(host: Host, processes: Processes, service: ContainerdService) -> Iterator[Holder]:
    """Yield the processes that hold the service's root, with their socket if there is one."""
    for running in service.running:
        process = processes.pid(running.pid)
        if process is not None:
            found = _holder(host, process, containerd.PROCESS)
            socket = running.socket.removeprefix("unix://")
            yield replace(found, socket=socket) if host.exists(HostPath(socket)) else found


def _holder(host: Host, process: Process, name: str) -> Holder:
    program = process.exe.removesuffix(" (deleted)")
    argv = (program or process.argv[0], *process.argv[1:]) if process.argv else ()
    try:
        environment = host.environ(process.pid)
    except HostError:
        environment = {}
    return Holder(
        pid=process.pid,
        start_ticks=process.start_ticks,
        name=name,
        argv=argv if argv and argv[0].startswith("/") else (),
        cwd=_link(host, f"/proc/{process.pid}/cwd") or "/",
        env=environment,
        stdout=_output(host, process.pid),
        unit=_unit(process),
    )


def _link(host: Host, path: str) -> str:
    try:
        target = host.readlink(HostPath(path))
    except HostError:
        return ""
    return target if target.startswith("/") and not target.endswith(" (deleted)") else ""


def _output(host: Host, pid: int) -> str:
    path = _link(host, f"/proc/{pid}/fd/1")
    try:
        return path if path and host.lstat(HostPath(path)).kind == "f" else ""
    except HostError:
        return ""


def _unit(process: Process) -> str:
    last = process.cgroup.rstrip("/").rpartition("/")[2]
    return last if last.endswith(".service") else ""


def _manager(
    host: Host, config: EngineConfig, holders: tuple[Holder, ...], systemd: EngineUnits | Missing
) -> tuple[str, tuple[str, ...], str]:
    """Return the manager, systemd's units and the init script."""
    engine = next((holder for holder in holders if holder.is_engine), None)
    launcher, file = config.flags.launcher, config.flags.launcher_file
    if host.is_live() and host.exists(HostPath("/run/systemd/system")):
        known = UnitState(name="") if isinstance(systemd, Missing) else systemd.get(docker.SERVICE)
        if engine is None or known.main_pid == engine.pid:
            unit = docker.SERVICE if launcher == "systemd" or known.exists else ""
        else:
            unit = engine.unit
        if unit:
            return "systemd", (*_sockets(host, unit), unit), ""
    elif launcher in {"sysv", "openrc"} and (engine is None or _is_the_scripts(config)):
        return launcher, (), file
    return ("none" if engine is None else "hand"), (), ""


def _sockets(host: Host, unit: str) -> tuple[str, ...]:
    """Return the socket unit of a service: otherwise the first client would start the engine again."""
    name = unit.removesuffix(".service") + ".socket"
    exists = any(host.exists(HostPath(f"{directory}/{name}")) for directory in UNIT_DIRECTORIES)
    return (name,) if exists else ()


def _is_the_scripts(config: EngineConfig) -> bool:
    """Whether the running engine has exactly the flags of the init script; otherwise it was started by hand.

    Without any flag the two can't be distinguished, and the process's own command line is equivalent.
    """
    running = config.flags.running or ()
    given = [(flag.name, flag.value) for flag in running if flag.name != "pidfile"]
    wanted = [(flag.name, flag.value) for flag in config.flags.configured if flag.name != "pidfile"]
    return given == wanted and bool(running)


def _stopping(
    holders: tuple[Holder, ...], containers: Containers | Missing, layers: WritableLayers | Missing
) -> tuple[Stopping, ...]:
    """Return the containers that run under a running engine; files of a stopped engine show an earlier state."""
    if isinstance(containers, Missing) or not any(holder.is_engine for holder in holders):
        return ()
    return stopping(containers.items, () if isinstance(layers, Missing) else layers.places)


def _keeps_containers(config: EngineConfig, info: EngineInfo | Missing) -> bool:
    """Whether containers continue to run without the engine: as it reports, or as configured if it does not answer."""
    return config.get("live-restore") is True if isinstance(info, Missing) else info.live_restore


def _manual(manager: str, holders: tuple[Holder, ...], answer: EngineAnswer) -> str:
    if manager == "none":
        return "it is unknown how dockerd is started on this host: start it yourself"
    if manager == "hand" and not any(holder.argv for holder in holders if holder.is_engine):
        return "dockerd was started by hand and its command line can't be read: stop and start it yourself"
    if holders and not answer.socket:
        return "it has no Unix socket, so doctor can't see when it is up: stop and start it yourself"
    return ""


def _unit_answer(systemd: EngineUnits, units: tuple[str, ...]) -> Answer:
    for name in units:
        systemd = systemd.changed(name, active="active", needs_reload=False)
    return Answer(ask=SHOW, stdout=systemd.render())


def _answer(answer: EngineAnswer, version: EngineVersion | Missing) -> bytes:
    if answer.version:
        return json.dumps(answer.version).encode()
    return json.dumps({} if isinstance(version, Missing) else {"Version": version.text}).encode()
