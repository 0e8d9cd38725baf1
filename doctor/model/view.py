"""What an action may read while it lowers to steps: the host as it will be when its turn comes."""

from typing import Protocol

from msgspec import Struct

from doctor.model.paths import HostPath


class Stat(Struct, frozen=True):
    """What ``lstat`` tells, and the kind as one letter.

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
    """What a command left: exit code and output."""

    @property
    def exit(self) -> int:
        """Return the exit code."""
        ...

    @property
    def stdout(self) -> bytes:
        """Return what it printed."""
        ...


class View(Protocol):
    """A read-only look at a host. Every method raises ``HostError`` where there is nothing to read."""

    def read(self, path: HostPath, *, follow: bool = True, limit_bytes: int = 16 << 20) -> bytes:
        """Return the content of the regular file at ``path``."""
        ...

    def lstat(self, path: HostPath, *, follow: bool = True) -> Stat:
        """Return what is at ``path``; the last component is never followed, the ones before it if ``follow``."""
        ...

    def readlink(self, path: HostPath, *, follow: bool = True) -> str:
        """Return the target of the symbolic link at ``path``."""
        ...

    def listdir(self, path: HostPath, *, follow: bool = True) -> list[str]:
        """Return the names in the directory at ``path``, sorted."""
        ...

    def resolve(self, path: HostPath) -> HostPath:
        """Return ``path`` with every symbolic link followed inside the host; missing tail components stay as they are."""
        ...

    def exists(self, path: HostPath) -> bool:
        """Whether something is at ``path`` (a dangling link is something)."""
        ...

    def run(self, argv: tuple[str, ...], *, timeout_s: float = 5.0, stdin: bytes = b"") -> Answered:
        """Return what a command that changes nothing prints, as predicted where an earlier step changes it."""
        ...
