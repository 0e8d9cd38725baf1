"""The Docker Engine itself: which version it is, whether it runs, and what it tells of itself."""

from typing import Any

from msgspec import Struct

from doctor.model.missing import Missing, Why

ENGINE_SOCKET = "/var/run/docker.sock"
"""Where dockerd listens unless ``hosts`` or ``-H`` say otherwise; ``fd://`` is systemd's socket of that name."""


class EngineAnswer(Struct, frozen=True, kw_only=True):
    """What the engine said to the first question of a scan (GET /version); later ones are asked only if it said something.

    Attributes:
        version: the answer's object, {} if none came.
        missing: why none came.
        is_idle: it was not asked, since the question would have started the engine.
        socket: where it was asked, "" if it listens on no Unix socket.
        unserved: how the usual socket hangs: systemd listens there for an engine that listens only elsewhere; "" otherwise.
    """

    version: dict[str, Any] = {}
    missing: Missing | None = None
    is_idle: bool = False
    socket: str = ENGINE_SOCKET
    unserved: str = ""


class EngineVersion(Struct, frozen=True, kw_only=True):
    """Which Docker Engine this is.

    Attributes:
        text: as it calls itself ("26.1.5+dfsg1").
        release: (major, minor, patch).
        source: where it was read ("GET /version", "package docker.io", "dockerd --version").
        api: highest API version, "" if only a running engine knows.
        components: versions of containerd, runc and docker-init as the engine reports them.
    """

    text: str
    release: tuple[int, int, int]
    source: str
    api: str = ""
    components: dict[str, str] = {}

    def at_least(self, *release: int) -> bool:
        """Whether this engine is of that release or newer: ``at_least(28, 0)``."""
        return self.release >= release

    @property
    def major(self) -> int:
        """Return the first number."""
        return self.release[0]


class EngineState(Struct, frozen=True, kw_only=True):
    """Whether the engine runs.

    Attributes:
        status: ``running`` (answers), ``down``, ``idle`` (down, but its socket waits to start it), ``starting`` (its
            young process is there and does not answer: it starts, or is being stopped), ``hung`` (accepts and does not answer in time) or ``absent``
            (not installed).
        pid: of dockerd, 0 if none is seen; ``start_ticks`` its start (field 22 of stat).
        started: when, seconds since the epoch, 0.0 if unknown.
        binary: path of dockerd, "" if none is found.
        reason: why it counts as this, one line.
    """

    status: str
    pid: int = 0
    start_ticks: int = 0
    started: float = 0.0
    binary: str = ""
    reason: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self.status == "running"

    @property
    def gaps(self) -> tuple[Missing, ...]:
        """What a young engine has not told yet: whether it ever answers can't be known, so it is never green."""
        if self.status != "starting":
            return ()
        return (Missing(Why.TIMED_OUT, f"the engine starts or stops and does not answer yet: {self.reason}"),)


class EngineInfo(Struct, frozen=True, kw_only=True):
    """What a running engine tells of itself (GET /info).

    Attributes:
        driver_status: the storage driver's own lines ("Supports d_type" → "true").
        swarm: LocalNodeState ("inactive", "active" …).
        warnings: its own warnings.
        log_drivers: names of the logging drivers that this engine has, plugins included.
        firewall_backend: since 29 ("iptables", "nftables"), "" before.
    """

    id: str = ""
    data_root: str = ""
    storage_driver: str = ""
    driver_status: dict[str, str] = {}
    logging_driver: str = ""
    cgroup_driver: str = ""
    default_runtime: str = ""
    runtimes: tuple[str, ...] = ()
    live_restore: bool = False
    swarm: str = "inactive"
    running_containers: int = 0
    containers: int = 0
    images: int = 0
    debug: bool = False
    security_options: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    log_drivers: tuple[str, ...] = ()
    firewall_backend: str = ""


def start_fails(state: EngineState | Missing) -> str:
    """Return the consequence of a setting that dockerd refuses, in words: a living engine took its settings before."""
    alive = isinstance(state, EngineState) and state.status in {"running", "hung"}
    return "the engine will not start again" if alive else "the engine does not start"
