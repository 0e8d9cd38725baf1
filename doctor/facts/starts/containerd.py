"""The containerd of this host that starts containers: the engine's, else the service by itself."""

from msgspec import Struct


class HostContainerd(Struct, frozen=True, kw_only=True):
    """A containerd that should run. Missing if the host has none, or if its engine does not run.

    Attributes:
        socket: its socket.
        is_own: whether dockerd started it; otherwise it is a service of its own.
        pid: its process, 0 if it does not run.
        is_stopped: whether a signal stopped it (SIGSTOP).
        directories: its root and its state directory.
    """

    socket: str
    is_own: bool = False
    pid: int = 0
    is_stopped: bool = False
    directories: tuple[str, ...] = ()
