"""Compares the sockets of the engine's process with the files at their paths."""

import re
from collections import Counter
from collections.abc import Iterator

from doctor.collect.engine.state import dockerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.lost_sockets import LostSocket, LostSockets
from doctor.facts.engine.state import EngineAnswer
from doctor.facts.host.processes import Processes
from doctor.formats.network.proc_net import parse_unix_listeners
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, is_beneath

_KINDS = {"d": "a directory", "f": "a file", "p": "a FIFO", "c": "a device", "b": "a device"}

_SS = ("ss", "-xlne")


@collector
def lost_sockets(host: Host, config: EngineConfig | Missing, processes: Processes, answer: EngineAnswer) -> LostSockets:
    """Return the unreachable sockets. The engine's descriptors are read only if a path looks wrong."""
    process = dockerd(host, processes)
    if process is None:
        raise HostError(Missing(Why.ABSENT, "no engine runs"))
    text = decode(host.read(HostPath(f"/proc/{process.pid}/net/unix"), limit_bytes=16 << 20))
    roots = docker.EXEC_ROOTS if isinstance(config, Missing) else (*docker.EXEC_ROOTS, config.exec_root)
    # Below its exec root the engine has sockets for its own helpers, which get the open socket.
    listening = [
        (inode, HostPath(path))
        for inode, path in parse_unix_listeners(text)
        if not any(is_beneath(path, root) for root in roots)
    ]
    gaps: list[Missing] = []
    suspects = list(_suspects(host, listening, answer))
    held = set(_sockets(host, process.pid)) if suspects else set()
    items = [
        LostSocket(path=path, inode=inode, there=there)
        for inode, path, said in suspects
        if inode in held and (there := said or _other(host, inode, path, gaps))
    ]
    return LostSockets(pid=process.pid, items=tuple(items), gaps=tuple(gaps))


def _suspects(
    host: Host, listening: list[tuple[int, HostPath]], answer: EngineAnswer
) -> Iterator[tuple[int, HostPath, str]]:
    """Yield sockets, the engine's or not, with what is at their paths; "" if that is not known yet."""
    refusing = _refusing(host, answer)
    names = Counter(path.rpartition("/")[2] for _, path in listening)
    for inode, path in listening:
        there = _there(host, path)
        if there not in {"", "s"}:
            yield inode, path, there
        elif there and refusing and host.resolve(path) == refusing:
            yield inode, path, "a stale socket"
        elif not there or names[path.rpartition("/")[2]] > 1:
            yield inode, path, ""


def _refusing(host: Host, answer: EngineAnswer) -> str:
    """Return the real path of the engine's socket if nothing listens there, else ""."""
    if answer.missing is None or answer.missing.why is not Why.ABSENT or not answer.socket:
        return ""
    try:
        return host.resolve(HostPath(answer.socket))
    except HostError:
        return ""


def _there(host: Host, path: HostPath) -> str:
    """Return "s" for a socket at a path, another kind in words, or "" if unknown."""
    try:
        kind = host.lstat(path).kind
        kind = host.lstat(host.resolve(path)).kind if kind == "l" else kind
    except HostError as error:
        return "nothing" if error.is_absent else ""
    return kind if kind == "s" else _KINDS.get(kind, "something else")


def _sockets(host: Host, pid: int) -> Iterator[int]:
    """Yield the inodes of a process's open sockets."""
    top = f"/proc/{pid}/fd"
    for name in host.listdir(HostPath(top)):
        try:
            target = host.readlink(HostPath(f"{top}/{name}"))
        except HostError:
            continue
        if target.startswith("socket:[") and target[8:-1].isdigit():
            yield int(target[8:-1])


def _other(host: Host, inode: int, path: HostPath, gaps: list[Missing]) -> str:
    """Return "another socket" if the file belongs to another listening socket, according to the kernel (sock_diag)."""
    try:
        said = host.run(_SS).text
        there = host.lstat(host.resolve(path)).inode
    except HostError as error:
        gaps.append(Missing(Why.UNREADABLE, f"{path}: its owner is unknown: {error.missing.reason}"))
        return ""
    # u_str LISTEN 0 4096 /run/docker.sock 20467 * 0 <-> ino:1423 dev:0/26 peers:
    found = re.search(rf"^\S+\s+LISTEN\s.* {inode}\s.*\bino:(\d+)", said, re.MULTILINE)
    if found is None:
        gaps.append(Missing(Why.UNREADABLE, f"{path}: its owner is unknown: ss does not show it"))
        return ""
    return "" if int(found[1]) == there else "another socket"
