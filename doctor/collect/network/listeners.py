"""Reads listening sockets; the owner of one is looked up only if it conflicts with a container."""

from collections.abc import Iterator

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.host.processes import Processes
from doctor.facts.network.listeners import Listener, Listeners, PortConflict, PortConflicts
from doctor.formats.network import proc_net
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_TABLES = ("tcp", "tcp6", "udp", "udp6")
# moby: common parts of the engine's errors about a used port.
_TAKEN = ("address already in use", "port is already allocated")


@collector
def listeners(host: Host) -> Listeners:
    """Return the listeners; missing if the kernel's tables are not available (a mounted root)."""
    return listeners_of(host, "/proc/net")


def listeners_of(
    host: Host, directory: str, *, tables: tuple[str, ...] = _TABLES, limit_bytes: int = 64 << 20
) -> Listeners:
    """Return the listeners of a network namespace, given as a ``net`` directory of procfs. Raises ``HostError`` without one."""
    found: list[Listener] = []
    gaps: list[Missing] = []
    seen = False
    for protocol in tables:
        path = HostPath(f"{directory}/{protocol}")
        try:
            found.extend(proc_net.parse_listeners(decode(host.read(path, limit_bytes=limit_bytes)), protocol))
            seen = True
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
        except FormatError as error:
            gaps.append(Missing(Why.UNREADABLE, f"{path}: {error}"))
    if not seen and not gaps:
        raise HostError(Missing(Why.ABSENT, f"{directory}/tcp: no such file"))
    return Listeners(items=tuple(found), gaps=tuple(gaps))


@collector
def port_conflicts(host: Host, containers: Containers, sockets: Listeners, processes: Processes) -> PortConflicts:
    """Return the conflicts of containers that should run, or that failed because of a port."""
    found = []
    for container in containers.items:
        if container.state.running or container.host is None or not _wants_to_run(container):
            continue
        for port in container.host.ports:
            listener = sockets.on(port.protocol, port.host_ip, port.host_port) if port.host_port else None
            if listener is not None:
                pid, owner = _owner(host, processes, listener.inode)
                found.append(
                    PortConflict(
                        container=container.title,
                        error=container.state.error,
                        protocol=port.protocol,
                        address=port.host_ip,
                        port=port.host_port,
                        listener=listener,
                        pid=pid,
                        owner=owner,
                    )
                )
    return PortConflicts(items=tuple(found), gaps=sockets.gaps)


def _wants_to_run(container: Container) -> bool:
    if any(text in container.state.error for text in _TAKEN):
        return True
    # The engine records exit code 128 for a container whose start failed.
    return container.restarts_itself and container.state.exit_code == 128


def _owner(host: Host, processes: Processes, inode: int) -> tuple[int, str]:
    wanted = f"socket:[{inode}]"
    for process in processes.items:
        if wanted in _descriptors(host, process.pid):
            return process.pid, " ".join(process.argv[:4]) or process.comm
    return 0, ""


def _descriptors(host: Host, pid: int) -> Iterator[str]:
    top = HostPath(f"/proc/{pid}/fd")
    try:
        names = host.listdir(top)
    except HostError:
        return
    for name in names:
        try:
            yield host.readlink(HostPath(f"{top}/{name}"))
        except HostError:
            continue
