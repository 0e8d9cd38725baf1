"""What a host can be asked, whatever kind it is: the live machine, a mounted root, a recorded case, a prediction."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from doctor.model.paths import HostPath
from doctor.model.process import Process as Process  # noqa: PLC0414 - hosts are asked for it here
from doctor.model.view import View


class CommandResult(Struct, frozen=True):
    """What a command left: exit code (negative: the signal), output as bytes."""

    exit: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are no UTF-8 are kept as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")


class ApiAnswer(Struct, frozen=True):
    """What the engine's socket answered: HTTP status and body."""

    status: int
    body: bytes


class StatFs(Struct, frozen=True):
    """statfs(2): file system magic, sizes in bytes as an ordinary user sees them, inodes (0: no limit), its id (0: none)."""

    magic: int
    size_bytes: int
    free_bytes: int
    available_bytes: int
    files: int
    files_free: int
    read_only: bool
    fsid: int = 0


class Host(View, Protocol):
    """A host. Methods raise ``HostError`` where it can't answer; they never hang longer than their limit.

    Paths in container-controlled trees are read with ``follow=False``: then no component may be a symbolic link.
    """

    kind: str
    """``live``, ``root``, ``bundle`` or ``overlay``."""
    name: str
    root: str

    def is_live(self) -> bool:
        """Whether processes, commands and sockets of this host can be reached."""
        ...

    def birth(self, path: HostPath) -> tuple[int, int]:
        """Return inode and birth (nanoseconds since the epoch, 0: not kept) of what is at ``path``, not followed."""
        ...

    def xattrs(self, path: HostPath) -> dict[str, bytes]:
        """Return the extended attributes of what is at ``path``, not followed."""
        ...

    def flags(self, path: HostPath) -> int:
        """Return the inode flags (FS_IOC_GETFLAGS) of the file or directory at ``path``; 0 where there are none."""
        ...

    def held(self, path: HostPath, names: Iterable[str] = (".",)) -> dict[str, int]:
        """Return the entries of a directory ("." for itself) that are immutable (0x10) or append-only (0x20).

        No component is followed and nothing is opened but the directory: a FIFO or a device costs nothing.
        """
        ...

    def is_mount_point(self, path: HostPath) -> bool:
        """Whether something is mounted on what is at ``path``, not followed: it can't be renamed or replaced."""
        ...

    def statfs(self, path: HostPath) -> StatFs:
        """Return the numbers of the file system that holds ``path``."""
        ...

    def scandir(self, path: HostPath, *, follow: bool = True) -> Iterator[tuple[str, str]]:
        """Yield (name, kind letter or "?" where the file system doesn't tell) of a directory, in no order."""
        ...

    def open_fd(self, path: HostPath, *, follow: bool = False) -> int:
        """Open the regular file at ``path`` for streaming; the caller closes it.

        A prediction can't; it raises ``HostError`` for what the plan would change.
        """
        ...

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> CommandResult:
        """Run a command of the host that changes nothing."""
        ...

    def engine(self, path: str, *, timeout_s: float = 3.0, socket: HostPath | None = None) -> ApiAnswer:
        """Ask the engine's API: ``GET path`` over its socket."""
        ...

    def processes(self) -> tuple[Process, ...]:
        """Return the processes of the host."""
        ...

    def environ(self, pid: int) -> dict[str, str]:
        """Return the environment a process was started with. Secrets: never put it into a fact unredacted."""
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...
