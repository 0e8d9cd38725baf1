"""Sockets of the running engine that clients can no longer reach, because their path names something else."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostSocket(Struct, frozen=True, kw_only=True):
    """One unreachable socket.

    Attributes:
        path: the path that the engine bound it to.
        inode: inode of the socket, as in /proc/PID/fd.
        there: what is at the path now, in words: "nothing", "a directory", "another socket".
    """

    path: HostPath
    inode: int
    there: str


class LostSockets(Struct, frozen=True, kw_only=True):
    """All unreachable sockets of the engine.

    Attributes:
        pid: pid of the engine.
    """

    pid: int
    items: tuple[LostSocket, ...] = ()
    gaps: tuple[Missing, ...] = ()
