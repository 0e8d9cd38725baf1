"""The Docker Engine itself: version, state, and its answers to /version and /info."""

from typing import Annotated, Any

from msgspec import Struct, field

from doctor.engines.docker import places as docker
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class EngineAnswer(Struct, frozen=True, kw_only=True):
    """The answer to the first request of a scan (GET /version); others are sent only if the engine answers.

    Attributes:
        version: the object of the answer, {} without an answer.
        missing: why there is no answer.
        is_idle: no request was sent, because it would have started the engine.
        socket: the Unix socket of the request, "" if it has none.
        unserved: why the default socket hangs: systemd listens on it for an engine that listens elsewhere; "" otherwise.
    """

    version: dict[str, Any] = {}
    missing: Missing | None = None
    is_idle: bool = False
    socket: str = docker.SOCKET
    unserved: str = ""


class EngineVersion(Struct, frozen=True, kw_only=True):
    """The version of the Docker Engine.

    Attributes:
        text: the full version ("26.1.5+dfsg1").
        release: (major, minor, patch).
        source: its source ("GET /version", "package docker.io", "dockerd --version").
        components: versions of containerd, runc and docker-init, as reported by the engine.
    """

    text: str
    release: tuple[int, int, int]
    source: str
    components: dict[str, str] = {}

    def at_least(self, *release: int) -> bool:
        """Whether this engine is at least of that release: ``at_least(28, 0)``."""
        return self.release >= release

    @property
    def major(self) -> int:
        """Return the major version."""
        return self.release[0]


class EngineState(Struct, frozen=True, kw_only=True):
    """Whether the engine runs.

    Attributes:
        status: ``running`` (answers), ``down``, ``idle`` (down; its socket starts it), ``starting`` (its
            young process does not answer: it starts or stops), ``hung`` (accepts and does not answer in time) or ``absent``
            (not installed).
        pid: pid of dockerd, 0 for none.
        started: start time in seconds since the epoch, 0.0 if unknown.
        binary: path of dockerd, "" if none is found.
        reason: the reason for this status, one line.
        stopped_pid: if hung: the process that a signal stopped, dockerd or a containerd; 0 for none.
    """

    status: str
    pid: int = 0
    stopped_pid: int = 0
    started: float = 0.0
    binary: str = ""
    reason: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self.status == "running"

    @property
    def gaps(self) -> tuple[Missing, ...]:
        """Return the unanswered requests of a starting engine: it may never answer, so the scan is never green."""
        if self.status != "starting":
            return ()
        return (Missing(Why.TIMED_OUT, f"the engine starts or stops and does not answer yet: {self.reason}"),)


class EngineInfo(Guarded, frozen=True, kw_only=True):
    """The answer of a running engine to GET /info.

    Attributes:
        driver_status: lines of the storage driver ("Supports d_type" → "true").
        swarm: LocalNodeState ("inactive", "active" …); ``swarm_error`` the reason of another state, "" for none.
        swarm_managers: the managers that the node knows.
        warnings: its own warnings.
        log_drivers: names of its logging drivers, including plugins.
        volume_drivers: names of its volume drivers; an old-style plugin is one of them only after its first use.
        answer: the whole answer, for the settings in it.
        https_proxy, http_proxy, no_proxy: its proxies; it masks their passwords itself.
    """

    data_root: str = ""
    storage_driver: str = ""
    driver_status: dict[str, str] = field(default_factory=dict)
    logging_driver: str = ""
    cgroup_driver: str = ""
    default_runtime: str = ""
    runtimes: tuple[str, ...] = ()
    live_restore: bool = False
    swarm: str = "inactive"
    swarm_error: str = ""
    swarm_managers: int = 0
    is_swarm_manager: bool = False
    running_containers: int = 0
    debug: bool = False
    warnings: tuple[str, ...] = ()
    log_drivers: tuple[str, ...] = ()
    volume_drivers: tuple[str, ...] = ()
    https_proxy: Annotated[str, SECRET] = ""
    http_proxy: Annotated[str, SECRET] = ""
    no_proxy: str = ""
    answer: Annotated[dict[str, Any], SECRET] = field(default_factory=dict)


def start_fails(state: EngineState | Missing) -> str:
    """Return the consequence of a setting that dockerd refuses, in words: a running engine still has earlier settings."""
    alive = isinstance(state, EngineState) and state.status in {"running", "hung"}
    return "the engine will not start again" if alive else "the engine does not start"


class RunningEngine(Struct, frozen=True, kw_only=True):
    """One dockerd of the host itself.

    Attributes:
        program: its executable.
        root: its data root, by its command line.
        wants_socket: whether its command line lets it listen at the usual socket.
    """

    pid: int
    program: str
    root: HostPath
    wants_socket: bool = True


class Engines(Struct, frozen=True, kw_only=True):
    """All engines that run as root in the host's own namespaces, not those in containers or of users.

    Attributes:
        items: the engines, the one that doctor examines first.
        answering: the data root of the one that answers at the usual socket, "" if unknown.
    """

    items: tuple[RunningEngine, ...] = ()
    answering: str = ""

    @property
    def rivals(self) -> tuple[RunningEngine, ...]:
        """Return the engines with different data roots that want the same socket, () for fewer than two."""
        found = tuple(one for one in self.items if one.wants_socket)
        return found if len({one.root for one in found}) > 1 else ()

    @property
    def reached(self) -> RunningEngine | None:
        """Return the engine that answers docker commands, ``None`` if it is unknown."""
        return next((one for one in self.items if one.root == self.answering), None)
