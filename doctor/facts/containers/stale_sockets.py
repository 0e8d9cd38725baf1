"""Sockets that were recreated after the start of containers that mount them."""

from msgspec import Struct

from doctor.model.paths import HostPath


class StaleSocket(Struct, frozen=True, kw_only=True):
    """One socket of the host, and the running containers that still have its deleted predecessor.

    Attributes:
        path: the path that the containers mount.
        ids: ids of the containers.
        table: the mount table of the first of them; ``root`` its entry for the socket.
    """

    path: HostPath
    ids: tuple[str, ...]
    table: HostPath
    root: str


class StaleSockets(Struct, frozen=True, kw_only=True):
    """The sockets, in order of their path. Empty on a healthy host."""

    items: tuple[StaleSocket, ...] = ()
