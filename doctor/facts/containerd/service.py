"""The containerd that is a service of its own: where it keeps images and snapshots, and what runs of it."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.process import Process

ROOT = HostPath("/var/lib/containerd")
STATE = HostPath("/run/containerd")
SOCKET = "/run/containerd/containerd.sock"
CONFIG = HostPath("/etc/containerd/config.toml")
"""What holds where nothing else is said (containerd defaults/defaults_unix.go)."""


class RunningContainerd(Struct, frozen=True, kw_only=True):
    """A process that holds the service's root; ``socket`` is where it answers, "" if that is not known."""

    pid: int
    socket: str


class ContainerdService(Struct, frozen=True, kw_only=True):
    """Where the service keeps its files. There always is one, also where no such service was ever installed.

    A flag wins over the file, a file over the one that imports it, all over what is built in (containerd
    cmd/containerd/command/main.go, applyFlags; server/config/config.go, LoadConfig and mergeConfig). What runs counts before
    what the next start would be told.

    Attributes:
        top: the root directory as it was set.
        resolved: its real place; below it no link is followed.
        exists: whether there is such a directory.
        state: the directory of what lives until the next boot.
        origin: what says so ("/etc/containerd/config.toml:2", "process 412: --root"), "" if it is built in.
        config: the settings file that counts.
        problem: why containerd can't start on its settings, "" if it can; ``where`` names the place in a file.
        running: the processes that hold the root: one, but for somebody's second try.
        gaps: what could not be examined: the root may then be another one.
    """

    top: HostPath = ROOT
    resolved: HostPath = ROOT
    exists: bool = False
    state: HostPath = STATE
    origin: str = ""
    config: HostPath = CONFIG
    problem: str = ""
    where: str = ""
    running: tuple[RunningContainerd, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def roots(self) -> tuple[str, ...]:
        """The root as it was set and its real place; () if there is none."""
        return tuple(dict.fromkeys((self.top, self.resolved))) if self.exists else ()


def is_engines(process: Process, engines: frozenset[int]) -> bool:
    """Whether a containerd was started by dockerd: it has such a parent, or settings that dockerd wrote, and may outlive it.

    Source: Moby libcontainerd/supervisor/remote_daemon.go.
    """
    return process.ppid in engines or any("/docker/containerd/" in word for word in process.argv)


def option(words: tuple[str, ...], *names: str) -> str | None:
    """Return the value of a flag of containerd, the last one; ``None`` if it is not given.

    It takes one dash or two, and each of its flags has a value (Go's flag package).

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
    """Whether a command line starts the daemon, and not one of its other commands (``publish``, ``config dump``).

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
