"""Reads the engine's pid files, sockets, identity, swarm files, runc's states and file locks."""

import os
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from doctor.collect.config.unit import listen_streams
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import (
    EngineId,
    EngineSockets,
    FileLock,
    FileLocks,
    PidFile,
    PidFiles,
    RuntimeState,
    RuntimeStates,
    SocketPath,
    SwarmFiles,
    TrustKey,
)
from doctor.facts.engine.state import EngineVersion
from doctor.facts.host.mounts import Mounts
from doctor.facts.host.processes import Processes, program
from doctor.formats.json_safe import load_first, load_object
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_ENGINE = frozenset({docker.PROCESS, containerd.PROCESS})
_SOCKET = f"unix://{docker.SOCKET}"


@collector
def pid_files(host: Host, engine: EngineConfig, processes: Processes | Missing) -> PidFiles:
    """Return the existing pid files."""
    gaps: list[Missing] = []
    places = {
        docker.PROCESS: _path(engine.get("pidfile"), docker.PID_FILE),
        containerd.PROCESS: f"{engine.exec_root}/{docker.EXEC_CONTAINERD}/{containerd.PID_FILE}",
    }
    items = [_pid_file(host, owner, HostPath(path), processes, gaps) for owner, path in places.items()]
    running = frozenset() if isinstance(processes, Missing) else {program(p) for p in processes.of_host(*places)}
    return PidFiles(items=tuple(item for item in items if item.kind), running=frozenset(running), gaps=tuple(gaps))


def _pid_file(host: Host, owner: str, path: HostPath, processes: Processes | Missing, gaps: list[Missing]) -> PidFile:
    kind = _kind(host, path, gaps)
    if kind != "f":
        return PidFile(owner=owner, path=path, kind=kind)
    text = _text(host, path, gaps)
    pid = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if isinstance(processes, Missing) or not pid:
        return PidFile(owner=owner, path=path, kind=kind, pid=pid, process=None if pid else "")
    found = processes.pid(pid)
    name = "" if found is None else program(found) or found.comm
    zombie = found is not None and found.state == "Z"
    return PidFile(
        owner=owner,
        path=path,
        kind=kind,
        pid=pid,
        process=name,
        is_zombie=zombie,
        is_elsewhere=name == owner and not zombie and _is_elsewhere(processes, owner, pid),
    )


def _is_elsewhere(processes: Processes, name: str, pid: int) -> bool:
    return all(process.pid != pid for process in processes.of_host(name))


@collector
def engine_sockets(host: Host, engine: EngineConfig, mounts: Mounts | Missing) -> EngineSockets:
    """Return what is at the paths of the engine's sockets."""
    gaps: list[Missing] = []
    wanted = engine.get("hosts")
    addresses = [text for text in wanted if isinstance(text, str)] if isinstance(wanted, list) else [_SOCKET]
    items = []
    for path in dict.fromkeys(_listening_at(host, addresses or [_SOCKET])):
        kind = _kind(host, path, gaps)
        items.append(
            SocketPath(
                path=path,
                kind=kind,
                is_empty=kind != "d" or not host.listdir(path),
                is_mount_point=not isinstance(mounts, Missing) and bool(mounts.at(host.resolve(path))),
            )
        )
    return EngineSockets(items=tuple(items), gaps=tuple(gaps))


def _listening_at(host: Host, addresses: list[str]) -> Iterator[HostPath]:
    """Yield the paths of Unix sockets that dockerd creates, and for ``fd://`` those that systemd creates for it."""
    for address in addresses:
        if address.startswith("unix://"):
            yield HostPath(address.removeprefix("unix://") or docker.SOCKET)
        elif address.startswith("fd://"):
            yield from (HostPath(path) for path in listen_streams(host, docker.SOCKET_UNIT) if path.startswith("/"))


@collector
def engine_id(host: Host, root: DataRoot) -> EngineId:
    """Return the engine's identity, with that of the metadata backup if the two contradict each other.

    A link, which dockerd would follow, is not read: its target is never shown in a report.
    """
    gaps: list[Missing] = []
    path = join(root.resolved, docker.ENGINE_ID)
    kind = _kind(host, path, gaps, follow=False)
    if kind == "l":
        raise HostError(Missing.undecodable(path, "a symbolic link, which is not followed"))
    text = _text(host, path, gaps, follow=False) if kind == "f" else ""
    found = EngineId(path=path, kind=kind, text=text, gaps=tuple(gaps))
    if kind and not found.whole:
        return found
    from doctor.collect.backup.kept import Backups, recorded_engine_id  # noqa: PLC0415 - only where there is an id to compare

    recorded = recorded_engine_id(host, root)
    if not recorded or (kind and not found.is_damage_of(recorded)):
        return found
    try:
        kept = Backups(host, root).find(
            docker.ENGINE_ID, lambda content: not kind or found.is_damage_of(_line(content))
        )
    except HostError:
        return found
    return found if kept is None else replace(found, kept=_line(kept[0]), age=kept[2].age)


def _line(content: bytes) -> str:
    return content.decode("utf-8", "replace").strip()


@collector
def trust_key(host: Host, version: EngineVersion) -> TrustKey:
    """Return the key; absent if the engine does not read it, or creates it at its next start."""
    if version.at_least(23, 0):
        raise HostError(Missing(Why.ABSENT, f"engine {version.text} does not read {docker.KEY_FILE}"))
    gaps: list[Missing] = []
    problem = _json_problem(host, docker.KEY_FILE, gaps)
    if problem is None:
        raise HostError(Missing(Why.ABSENT, f"{docker.KEY_FILE}: no such file"))
    return TrustKey(path=docker.KEY_FILE, problem=problem, gaps=tuple(gaps))


@collector
def swarm_files(host: Host, root: DataRoot) -> SwarmFiles:
    """Return the files of a swarm node; absent on other hosts."""
    top = root.at(docker.SWARM)
    if not root.has(docker.SWARM):
        raise HostError(Missing(Why.ABSENT, f"{top}: no such directory"))
    gaps: list[Missing] = []
    state = _json_problem(host, root.at(docker.SWARM_STATE), gaps)
    peers = _json_problem(host, root.at(docker.SWARM_PEERS), gaps, kind=list)
    return SwarmFiles(
        directory=top,
        has_state=state is not None,
        state_problem=state or "",
        peers_problem=peers or "",
        # dockerd uses stat(2), so a dangling link counts as a missing certificate.
        has_certificate=_kind(host, host.resolve(root.at(docker.SWARM_CERTIFICATE)), gaps) != "",
        raft_files=_count(host, root.at(docker.SWARM_RAFT)),
        gaps=tuple(gaps),
    )


@collector
def runtime_states(host: Host, engine: EngineConfig, processes: Processes) -> RuntimeStates:
    """Return runc's state directories; those of a mounted root are meaningless."""
    gaps: list[Missing] = []
    top = host.resolve(join(engine.exec_root, docker.RUNC_STATE))
    try:
        names = [name for name, kind in host.scandir(top, follow=False) if kind == "d"]
    except HostError as error:
        if not error.is_absent:
            raise
        return RuntimeStates(items=())
    shims = {argument for shim in processes.items if "shim" in program(shim) for argument in shim.argv}
    items = []
    for name in sorted(names):
        pid, started = _init_process(host, join(top, name, docker.RUNTIME_STATE), gaps)
        process = processes.pid(pid)
        alive = name in shims or (process is not None and process.state != "Z")
        items.append(RuntimeState(container_id=name, path=join(top, name), pid=pid, is_alive=alive, started=started))
    return RuntimeStates(items=tuple(items), gaps=tuple(gaps))


@collector
def file_locks(host: Host, processes: Processes) -> FileLocks:
    """Return the flock(2) locks (/proc/locks: ``1: FLOCK  ADVISORY  WRITE 42 fd:00:1234 0 EOF``)."""
    items = []
    own: dict[str, set[int]] = {}
    for line in host.read(HostPath("/proc/locks")).decode("ascii", "replace").splitlines():
        fields = line.split()
        if len(fields) < 6 or fields[1] != "FLOCK":
            continue
        try:
            pid = int(fields[4])
            major, minor, inode = fields[5].split(":")
            device = os.makedev(int(major, 16), int(minor, 16))
            number = int(inode)
        except ValueError:
            continue
        found = processes.pid(pid)
        holder = "" if found is None else program(found) or found.comm
        if holder in _ENGINE and holder not in own:
            own[holder] = {process.pid for process in processes.of_host(holder)}
        elsewhere = holder in _ENGINE and pid not in own[holder]
        items.append(FileLock(pid=pid, device=device, inode=number, holder=holder, is_elsewhere=elsewhere))
    return FileLocks(items=tuple(items))


def _init_process(host: Host, path: HostPath, gaps: list[Missing]) -> tuple[int, int]:
    """Return the pid and the start of the container's first process, each 0 if the file does not have it."""
    try:
        state: dict[str, Any] = load_object(host.read(path, follow=False))
    except FormatError:
        return 0, 0
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return 0, 0
    pid, started = (state.get(name) for name in ("init_process_pid", "init_process_start"))
    return (
        pid if isinstance(pid, int) and pid > 0 else 0,
        started if isinstance(started, int) and 0 < started < 1 << 63 else 0,
    )


def _json_problem(host: Host, path: HostPath, gaps: list[Missing], *, kind: type = dict) -> str | None:
    """Return the problem of a JSON file, "" for none, ``None`` if the file does not exist.

    docker-state.json is an object; state.json the list of known managers (swarmkit node/node.go, persistentRemotes).
    """
    try:
        value = load_first(host.read(path, follow=False)).value
        if not isinstance(value, kind):
            return f"not a JSON {'list' if kind is list else 'object'}"
    except FormatError as error:
        return str(error)
    except HostError as error:
        if error.is_absent:
            return None
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            gaps.append(error.missing)
            return ""
        return error.missing.reason.rpartition(": ")[2]
    return ""


def _path(value: Any, default: str) -> str:
    return value.rstrip("/") if isinstance(value, str) and value.startswith("/") else default


def _count(host: Host, path: HostPath) -> int:
    try:
        return sum(
            1 if kind == "f" else _count(host, join(path, name)) for name, kind in host.scandir(path, follow=False)
        )
    except HostError:
        return 0


def _kind(host: Host, path: HostPath, gaps: list[Missing], *, follow: bool = True) -> str:
    try:
        return host.lstat(path, follow=follow).kind
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return ""


def _text(host: Host, path: HostPath, gaps: list[Missing], *, follow: bool = True) -> str:
    try:
        return host.read(path, follow=follow, limit_bytes=4096).decode("utf-8", "replace").strip()
    except HostError as error:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            gaps.append(error.missing)
        return ""
