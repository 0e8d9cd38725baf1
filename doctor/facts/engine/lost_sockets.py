"""Sockets that the running engine listens on and that nobody can reach any more: their path leads to something else."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostSocket(Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        path: which the engine bound it to.
        inode: of the socket, as /proc/PID/fd names it.
        there: in words, what is at the path now: "nothing", "a directory", "another socket".
    """

    path: HostPath
    inode: int
    there: str


class LostSockets(Struct, frozen=True, kw_only=True):
    """All of the engine's.

    Attributes:
        pid: of the engine.
    """

    pid: int
    items: tuple[LostSocket, ...] = ()
    gaps: tuple[Missing, ...] = ()
