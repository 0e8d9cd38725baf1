"""A host that records each request, so that a later comparison shows whether an answer may have changed."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from doctor.host.base import ApiAnswer, CommandResult, DeletedFile, Host, KernelRing, Process, StatFs
from doctor.model.paths import HostPath
from doctor.model.view import Stat

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion
    from doctor.model.missing import Missing


class Notes:
    """The paths and values that a result depends on.

    Attributes:
        looked: paths examined without following links; ``followed``: those reached through links.
        listed: directories that were listed.
        trees: directories that may have been read in any part.
        asked: commands, API paths (``("GET", path)``), ``("processes",)``, ``("environ",)`` and
            ``("network",)``.
        facts: used facts, in order.
    """

    __slots__ = ("asked", "facts", "followed", "listed", "looked", "trees")

    def __init__(self) -> None:
        self.looked: set[str] = set()
        self.followed: set[str] = set()
        self.listed: set[str] = set()
        self.trees: set[str] = set()
        self.asked: set[tuple[str, ...]] = set()
        self.facts: dict[type, None] = {}


class NotedHost:
    """``below``, with a record of each request in ``notes``, which the caller replaces as needed.

    Its clock stands still: all results of one run, predictions included, have the same time.
    """

    def __init__(self, below: Host, clock: float | None = None) -> None:
        self.below = below
        self.kind = below.kind
        self.name = below.name
        self.root = below.root
        self.notes = Notes()
        self._clock = clock

    @property
    def last_read(self) -> str:
        """The file opened last."""
        return self.below.last_read

    @last_read.setter
    def last_read(self, path: str) -> None:
        self.below.last_read = path

    def is_live(self) -> bool:
        """As the base host: no prediction changes it."""
        return self.below.is_live()

    def _look(self, path: str, *, follow: bool) -> None:
        (self.notes.followed if follow else self.notes.looked).add(path)

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return a file's content."""
        self._look(path, follow=follow)
        return self.below.read(path, follow=follow, limit_bytes=limit_bytes)

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open a file."""
        self._look(path, follow=follow)
        return self.below.open_fd(path, follow=follow)

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return the status of a path."""
        self._look(path, follow=follow)
        return self.below.lstat(path, follow=follow)

    def exists(self, path: HostPath) -> bool:
        """Whether a path exists."""
        self._look(path, follow=True)
        return self.below.exists(path)

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return a link's target."""
        self._look(path, follow=follow)
        return self.below.readlink(path, follow=follow)

    def resolve(self, path: HostPath) -> HostPath:
        """Return a path with links followed."""
        self._look(path, follow=True)
        return self.below.resolve(path)

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield the entries of a directory."""
        self._look(path, follow=follow)
        self.notes.listed.add(path)
        return self.below.scandir(path, follow=follow)

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the names in a directory."""
        self._look(path, follow=follow)
        self.notes.listed.add(path)
        return self.below.listdir(path, follow=follow)

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth time."""
        self._look(path, follow=False)
        return self.below.birth(path)

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return extended attributes."""
        self._look(path, follow=False)
        return self.below.xattrs(path)

    def flags(self, path: HostPath) -> int:
        """Return inode flags."""
        self._look(path, follow=False)
        return self.below.flags(path)

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the immutable or append-only entries."""
        asked = tuple(names)
        self._look(path, follow=False)
        self.notes.looked.update(f"{path.rstrip('/')}/{name}" for name in asked if name != ".")
        return self.below.held(path, asked)

    def is_mount_point(self, path: HostPath) -> bool:
        """Whether a path is a mount point."""
        self._look(path, follow=False)
        return self.below.is_mount_point(path)

    def statfs(self, path: HostPath) -> StatFs:
        """Return the numbers of a file system."""
        self._look(path, follow=True)
        return self.below.statfs(path)

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a command."""
        self.notes.asked.add(argv)
        return self.below.run(argv, timeout_s=timeout_s, stdin=stdin)

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Ask the engine's API."""
        self.notes.asked.add(("GET", path))
        return self.below.engine(path, timeout_s=timeout_s, socket=socket)

    def processes(self) -> tuple[Process, ...]:
        """Return the processes."""
        self.notes.asked.add(("processes",))
        return self.below.processes()

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """Return the kernel's log."""
        self.notes.asked.add(("kernel-log",))
        return self.below.kernel_log(largest_bytes)

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """Return deleted files that processes have open."""
        self.notes.asked.add(("deleted-files",))
        return self.below.deleted_files()

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Return the state of network namespaces."""
        self._visit()
        return self.below.net_namespaces(pids, sysctls)

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Return settings of network namespaces."""
        self._visit()
        return self.below.net_settings(pids, keys)

    def _visit(self) -> None:
        # A step changes one namespace, and what others route through it; one that ends a process ends its namespace.
        self.notes.asked.update({("network",), ("processes",)})

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Ask for routes."""
        self._visit()
        return self.below.routes(questions)

    def environ(self, pid: int) -> dict[str, str]:
        """Return a process's environment."""
        self.notes.asked.add(("environ",))
        return self.below.environ(pid)

    def now(self) -> float:
        """Return the time of the first request."""
        if self._clock is None:
            self._clock = self.below.now()
        return self._clock


def in_whole(host: Host, *trees: HostPath) -> Host:
    """Return the host to read directories from without a record of each request: these trees are recorded as a whole.

    For callers that open by descriptor or read in other processes, where requests can't be recorded.
    """
    while isinstance(host, NotedHost):
        host.notes.trees.update(trees)
        host = host.below
    return host
