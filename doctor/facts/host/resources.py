"""Space, inodes, memory and tasks of the host."""

from msgspec import Struct

from doctor.model.missing import Missing

MIB = 1 << 20
GIB = 1 << 30
_START_BYTES = 64 << 20
_START_FILES = 1000
_LYING = frozenset({0x9123683E, 0x2FC12FC1})
"""btrfs and zfs: statfs(2) only estimates their space."""


class FileSystem(Struct, frozen=True, kw_only=True):
    """One file system that the engine or the host writes to.

    Attributes:
        uses: its uses ("data root", "/var/log"), in order of importance.
        path: the path of the first use.
        size_bytes: its size; ``used_bytes`` in use; ``available_bytes`` available to unprivileged users.
        files: number of inodes, 0 without a limit; ``files_free`` the free ones.
        read_only: whether it is mounted read-only.
    """

    uses: tuple[str, ...]
    path: str
    magic: int
    size_bytes: int
    used_bytes: int
    available_bytes: int
    files: int
    files_free: int
    read_only: bool = False

    @property
    def title(self) -> str:
        """Return the path with the other uses: "/var/lib/docker (data root)"."""
        others = [use for use in self.uses if use != self.path]
        return f"{self.path} ({', '.join(others)})" if others else self.path

    @property
    def used_ratio(self) -> float:
        """Return the used ratio as df(1) counts it: root's reserve is neither used nor available."""
        whole = self.used_bytes + self.available_bytes
        return self.used_bytes / whole if whole else 0.0

    @property
    def inode_ratio(self) -> float:
        """Return the used ratio of the inodes, 0.0 without a limit."""
        return 1 - self.files_free / self.files if self.files else 0.0

    @property
    def is_exact(self) -> bool:
        """Whether its free space is exact to the percent."""
        return self.magic not in _LYING

    @property
    def is_nearly_full(self) -> bool:
        """Whether so little is left that it is a finding; a large disk with enough space is not nearly full."""
        if self.read_only or self.available_bytes >= 20 * GIB:
            return False
        if not self.is_exact:
            return self.available_bytes < GIB
        return self.used_ratio >= (0.80 if self.holds_data_root else 0.85)

    @property
    def lacks_inodes(self) -> bool:
        """Whether so few inodes are left that it is a finding."""
        return not self.read_only and (self.inode_ratio >= 0.85 or "inodes" in self.stops_engine)

    @property
    def stops_engine(self) -> str:
        """Return why no engine may be stopped or started on it, in a few words, "" if it may.

        dockerd starts on a full disk, and has lost each container whose config it could not write at its stop (measured
        with 26.1.5 from 0 to 64 KiB left). It runs as root, so root's reserve counts as free.
        """
        if not self.holds_data_root or self.read_only:
            return ""
        free = self.size_bytes - self.used_bytes
        if free < _START_BYTES:
            return f"{size(free)} are left"
        return f"{self.files_free} inodes are left" if self.files and self.files_free < _START_FILES else ""

    @property
    def holds_data_root(self) -> bool:
        """Whether it contains data of the engine."""
        return any(use in {"data root", "containerd"} for use in self.uses)


class FileSystems(Struct, frozen=True, kw_only=True):
    """All file systems, each once."""

    items: tuple[FileSystem, ...] = ()
    gaps: tuple[Missing, ...] = ()


class Memory(Struct, frozen=True, kw_only=True):
    """Memory of the host in bytes (/proc/meminfo); ``available`` is available without swapping."""

    total_bytes: int
    available_bytes: int
    swap_total_bytes: int = 0
    swap_free_bytes: int = 0

    @property
    def available_ratio(self) -> float:
        """Return the available ratio, 1.0 if the total is unknown."""
        return self.available_bytes / self.total_bytes if self.total_bytes else 1.0


class Tasks(Struct, frozen=True, kw_only=True):
    """The number of tasks (threads) on the host, the fourth field of /proc/loadavg."""

    count: int


def size(count: int) -> str:
    """Return a number of bytes, for display.

    >>> size(1536 << 20), size(700 << 20)
    ('1.5 GiB', '700 MiB')
    """
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count >> 20} MiB"
