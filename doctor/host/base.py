"""The interface of a host: the live machine, a mounted root, a recorded case or a prediction."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from doctor.model.paths import HostPath
from doctor.model.process import Process as Process  # noqa: PLC0414 - hosts are asked for it here
from doctor.model.view import View

if TYPE_CHECKING:
    from doctor.facts.path.namespace import NetNamespace
    from doctor.facts.path.routing import RouteAnswer, RouteQuestion
    from doctor.model.missing import Missing


class CommandResult(Struct, frozen=True):
    """Result of a command: exit code (negative: the signal), output as bytes."""

    exit: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 are kept as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")


class ApiAnswer(Struct, frozen=True):
    """Answer of the engine's socket: HTTP status and body."""

    status: int
    body: bytes


class StatFs(Struct, frozen=True):
    """statfs(2): file system magic, sizes in bytes available to an unprivileged user, inodes (0: no limit), its id (0:
    none).
    """

    magic: int
    size_bytes: int
    free_bytes: int
    available_bytes: int
    files: int
    files_free: int
    read_only: bool
    fsid: int = 0


class DeletedFile(Struct, frozen=True, kw_only=True):
    """A file without a name that a process has open: its space is in use until the process closes it.

    Attributes:
        pid: the process, ``comm`` its name; ``descriptor`` the number of the open file in it.
        path: its last path, as the process saw it.
        size_bytes: allocated size.
        device: st_dev.
        is_of_overlay: whether it is in the root file system of a container.
    """

    pid: int
    comm: str
    descriptor: int
    path: str
    size_bytes: int
    device: int
    is_of_overlay: bool = False


class KernelRing(Struct, frozen=True):
    """The kernel's log: lines as syslog(2) returns them, the clock of their times now, and the size of the ring buffer.

    ``text`` is empty if the ring buffer is larger than asked for.
    """

    text: bytes
    now_s: float
    size_bytes: int = 0


class Host(View, Protocol):
    """A host. Methods raise ``HostError`` if it can't answer; they never block longer than their timeout.

    Paths in container-controlled trees are read with ``follow=False``: no component may then be a symbolic link.
    """

    kind: str
    """``live``, ``root``, ``bundle`` or ``overlay``."""
    name: str
    root: str
    last_read: str
    """The file that was opened last: what a reader that fails to decode something has before it."""

    def is_live(self) -> bool:
        """Whether processes, commands and sockets of this host can be reached."""
        ...

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth time (nanoseconds since the epoch, 0: not kept) of ``path``, not followed."""
        ...

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return the extended attributes of ``path``, not followed."""
        ...

    def flags(self, path: HostPath) -> int:
        """Return the inode flags (FS_IOC_GETFLAGS) of the file or directory at ``path``; 0 where there are none."""
        ...

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the entries of a directory ("." for itself) that are immutable (0x10) or append-only (0x20).

        No component is followed and only the directory is opened: a FIFO or a device does no harm.
        """
        ...

    def is_mount_point(self, path: HostPath) -> bool:
        """Whether ``path``, not followed, is a mount point: it can't be renamed or replaced."""
        ...

    def statfs(self, path: HostPath) -> StatFs:
        """Return the numbers of the file system that holds ``path``."""
        ...

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield (name, kind letter or "?" if the file system doesn't report it) of a directory, unordered."""
        ...

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open the regular file at ``path`` for streaming; the caller closes it.

        A prediction raises ``HostError`` for a file that the plan would change.
        """
        ...

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a read-only command of the host."""
        ...

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Ask the engine's API: ``GET path`` over its socket."""
        ...

    def processes(self) -> tuple[Process, ...]:
        """Return the processes of the host."""
        ...

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """Return the end of the kernel's log, at most 4 MiB; nothing of a ring buffer that is larger than ``largest_bytes``."""
        ...

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """Return the largest deleted files that processes have open, of 1 MiB or more, found within half a second."""
        ...

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """Return process → state of its network namespace, read within seconds; process 0 is the host itself.

        Processes in one namespace get the same value. ``sysctls`` are settings to read in each one.
        """
        ...

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """Return process → the values of settings ("net.ipv4.ip_forward") in its network namespace."""
        ...

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """Return the kernel's answers in the order of the questions; it is unknown what nobody can ask any more."""
        ...

    def environ(self, pid: int) -> dict[str, str]:
        """Return the environment a process was started with. It holds secrets: never put it into a fact unredacted."""
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class BasedHost:
    """A host over ``base``, of which it never changes these parts; the other methods are those of the subclass."""

    base: Host

    def kernel_log(self, largest_bytes: int) -> KernelRing:
        """As the base host."""
        return self.base.kernel_log(largest_bytes)

    def deleted_files(self) -> tuple[DeletedFile, ...]:
        """As the base host."""
        return self.base.deleted_files()

    def net_namespaces(self, pids: Iterable[int], sysctls: tuple[str, ...] = ()) -> "dict[int, NetNamespace | Missing]":
        """As the base host."""
        return self.base.net_namespaces(pids, sysctls)

    def net_settings(self, pids: Iterable[int], keys: tuple[str, ...]) -> "dict[int, dict[str, str] | Missing]":
        """As the base host."""
        return self.base.net_settings(pids, keys)

    def routes(self, questions: "Iterable[RouteQuestion]") -> "tuple[RouteAnswer, ...]":
        """As the base host."""
        return self.base.routes(questions)

    def environ(self, pid: int) -> dict[str, str]:
        """As the base host."""
        return self.base.environ(pid)

    def now(self) -> float:
        """As the base host."""
        return self.base.now()
