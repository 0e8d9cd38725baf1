"""The host that an action may read while it is turned into steps: its predicted state at that point of the plan."""

from typing import Protocol

from msgspec import Struct

from doctor.model.paths import HostPath


class Stat(Struct, frozen=True):
    """The result of ``lstat``, with the kind as one letter.

    Attributes:
        kind: ``f`` file, ``d`` directory, ``l`` symbolic link, ``c`` character device, ``b`` block device, ``p`` FIFO,
            ``s`` socket.
        mode: permission bits with setuid, setgid and sticky (no type bits).
        size: bytes.
        mtime_ns: modification time, nanoseconds since the epoch.
        device: st_dev; ``rdev`` the device number of a device node.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    inode: int
    device: int
    rdev: int
    nlink: int


class Answered(Protocol):
    """Result of a command: exit code and output."""

    @property
    def exit(self) -> int:
        """Return the exit code."""
        ...

    @property
    def stdout(self) -> bytes:
        """Return its output."""
        ...


class View(Protocol):
    """A read-only view of a host. Every method raises ``HostError`` if it can't read."""

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the content of the regular file at ``path``."""
        ...

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return the status of ``path``; the last component is never followed, the others only if ``follow``."""
        ...

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return the target of the symbolic link at ``path``."""
        ...

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the names in the directory at ``path``, sorted."""
        ...

    def resolve(self, path: HostPath) -> HostPath:
        """Return ``path`` with every symbolic link followed inside the host; missing last components are kept."""
        ...

    def exists(self, path: HostPath) -> bool:
        """Whether ``path`` exists (a dangling link counts)."""
        ...

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> Answered:
        """Return the output of a read-only command, predicted if an earlier step changes it."""
        ...
