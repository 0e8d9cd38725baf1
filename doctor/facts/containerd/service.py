"""containerd as a separate service: its directories, settings and processes."""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.process import Process


class RunningContainerd(Struct, frozen=True, kw_only=True):
    """A process that holds the service's root; ``socket`` is its socket, "" if unknown."""

    pid: int
    socket: str


class ContainerdService(Struct, frozen=True, kw_only=True):
    """The directories and settings of the service. The fact always exists, even if no such service was ever installed.

    A flag overrides the file, an imported file the one that imports it, all override the built-in defaults (containerd
    cmd/containerd/command/main.go, applyFlags; server/config/config.go, LoadConfig and mergeConfig). A running process takes
    precedence over the settings of the next start.

    Attributes:
        top: the root directory as configured.
        resolved: its real path; below it no link is followed.
        exists: whether the directory exists.
        state: the directory of the state that lasts until the next boot.
        origin: what sets it ("/etc/containerd/config.toml:2", "process 412: --root"), "" for the built-in default.
        config: the effective settings file; ``files`` it and the files that it imports, as they are read.
        problem: why containerd can't start with its settings, "" if it can; ``where`` is the position in a file.
        running: the processes that hold the root: normally one.
        gaps: what could not be examined: the real root may then be another one.
    """

    top: HostPath = containerd.DEFAULT_ROOT
    resolved: HostPath = containerd.DEFAULT_ROOT
    exists: bool = False
    state: HostPath = containerd.DEFAULT_STATE
    origin: str = ""
    config: HostPath = containerd.CONFIG
    files: tuple[HostPath, ...] = ()
    problem: str = ""
    where: str = ""
    running: tuple[RunningContainerd, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The root as configured and its real path; () if it does not exist."""
        return tuple(dict.fromkeys((self.top, self.resolved))) if self.exists else ()


def is_engines(process: Process, engines: frozenset[int]) -> bool:
    """Whether dockerd started a containerd: it is its parent, or wrote its settings. Such a containerd may outlive dockerd.

    Source: Moby libcontainerd/supervisor/remote_daemon.go.
    """
    return process.ppid in engines or any(docker.OWN_CONTAINERD_MARK in word for word in process.argv)


def option(words: tuple[str, ...], *names: str) -> str | None:
    """Return the last value of a flag of containerd; ``None`` if it is not given.

    A flag has one dash or two, and always a value (Go's flag package).

    >>> option(("-root", "/a", "--root=/b"), "root"), option(("config", "--root", "/a"), "root")
    ('/b', None)
    """
    found = None
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word.strip("-") == "":
            break
        name, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = next(rest, "")
        if name in names:
            found = value
    return found


def is_daemon(words: tuple[str, ...]) -> bool:
    """Whether a command line starts the daemon, and not one of the other commands (``publish``, ``config dump``).

    >>> is_daemon(("-l", "debug")), is_daemon(("--address", "/run/c.sock", "publish"))
    (True, False)
    """
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return False
        if "=" not in word:
            next(rest, "")
    return True
