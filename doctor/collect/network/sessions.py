"""Reads the sessions of people who are logged in over the network."""

from collections.abc import Iterator
from ipaddress import ip_address

from doctor.facts.host.processes import Processes, program
from doctor.facts.network.sessions import SERVERS, RemoteSessions
from doctor.formats.network import proc_net
from doctor.formats.network.proc_net import Connection
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_SSH = 22
_SOCKET = "socket:["


@collector
def remote_sessions(host: Host, processes: Processes | Missing) -> RemoteSessions:
    """Return the connections to port 22, and those that a server of sessions has."""
    gaps: list[Missing] = []
    found: list[Connection] = []
    for name in ("tcp", "tcp6"):
        try:
            text = decode(host.read(HostPath(f"/proc/net/{name}"), limit_bytes=64 << 20))
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        found += (one for one in proc_net.parse_connections(text) if not ip_address(one.peer).is_loopback)
    served = frozenset() if isinstance(processes, Missing) or not found else frozenset(_sockets(host, processes))
    items = (one for one in found if one.port == _SSH or one.inode in served)
    return RemoteSessions(items=tuple(items), gaps=tuple(gaps))


def _sockets(host: Host, processes: Processes) -> Iterator[int]:
    for process in processes.items:
        if program(process) not in SERVERS and process.comm not in SERVERS:
            continue
        top = f"/proc/{process.pid}/fd"
        try:
            names = host.listdir(HostPath(top))
        except HostError:
            continue
        for name in names:
            try:
                text = host.readlink(HostPath(f"{top}/{name}"))
            except HostError:
                continue
            if text.startswith(_SOCKET) and text[len(_SOCKET) : -1].isdecimal():
                yield int(text[len(_SOCKET) : -1])
