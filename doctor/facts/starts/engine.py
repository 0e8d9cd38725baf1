"""The Docker Engine of this host, as far as it can be asked to start a container."""

from msgspec import Struct


class StartingEngine(Struct, frozen=True, kw_only=True):
    """An engine that runs. Missing if it does not.

    Attributes:
        socket: its Unix socket, "" without one.
        pid: dockerd, 0 if unknown.
        silent: why it does not answer at all, "" if it answers.
        is_stopped: whether a signal stopped dockerd (SIGSTOP).
        uses_init: whether containers of this host run below docker-init: by the engine's settings or by their own.
        has_init: whether docker-init is installed.
        network: name of the default network, "" without one.
        starts_now: whether it is young and does not answer yet.
    """

    socket: str
    pid: int = 0
    silent: str = ""
    is_stopped: bool = False
    uses_init: bool = False
    has_init: bool = False
    network: str = ""
    starts_now: bool = False
