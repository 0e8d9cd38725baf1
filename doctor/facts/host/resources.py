"""Space, inodes, memory and tasks of the host."""

from msgspec import Struct

from doctor.model.missing import Missing

GIB = 1 << 30
_START_BYTES = 64 << 20
_START_FILES = 1000
_LYING = frozenset({0x9123683E, 0x2FC12FC1})
"""btrfs and zfs: what statfs(2) says of their space is an estimate."""


class FileSystem(Struct, frozen=True, kw_only=True):
    """One file system that the engine or the host writes to.

    Attributes:
        uses: what lies on it ("data root", "/var/log"), in the order in which they matter.
        path: the first of those as a path.
        size_bytes: all of it; ``used_bytes`` in use; ``available_bytes`` what an ordinary user may still write.
        files: inodes, 0 if there is no limit; ``files_free`` of them.
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
    def used_ratio(self) -> float:
        """Return the used part as df(1) counts it: the root's reserve is neither used nor available."""
        whole = self.used_bytes + self.available_bytes
        return self.used_bytes / whole if whole else 0.0

    @property
    def inode_ratio(self) -> float:
        """Return the used part of the inodes, 0.0 without a limit."""
        return 1 - self.files_free / self.files if self.files else 0.0

    @property
    def tells_truth(self) -> bool:
        """Whether its free space can be believed to the percent."""
        return self.magic not in _LYING

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is a finding that little is left; of a big disk with room enough it is none."""
        if self.read_only or self.available_bytes >= 20 * GIB:
            return False
        if not self.tells_truth:
            return self.available_bytes < GIB
        return self.used_ratio >= (0.80 if self.holds_data_root else 0.85)

    @property
    def stops_engine(self) -> str:
        """Why no engine may be stopped or started on it, in a few words, "" if it may.

        dockerd comes up on a full disk, and has lost each container whose config it could not write at its stop (measured
        with 26.1.5 from 0 to 64 KiB left). It runs as root, so that the root's reserve counts as left.
        """
        if not self.holds_data_root or self.read_only:
            return ""
        free = self.size_bytes - self.used_bytes
        if free < _START_BYTES:
            return f"{size(free)} are left"
        return f"{self.files_free} inodes are left" if self.files and self.files_free < _START_FILES else ""

    @property
    def holds_data_root(self) -> bool:
        """Whether the engine's data lie on it."""
        return any(use in {"data root", "containerd"} for use in self.uses)


class FileSystems(Struct, frozen=True, kw_only=True):
    """Each file system once, whatever lies on it."""

    items: tuple[FileSystem, ...] = ()
    gaps: tuple[Missing, ...] = ()


class Memory(Struct, frozen=True, kw_only=True):
    """Memory of the host in bytes (/proc/meminfo); ``available`` is what can be had without swapping."""

    total_bytes: int
    available_bytes: int
    swap_total_bytes: int = 0
    swap_free_bytes: int = 0

    @property
    def available_ratio(self) -> float:
        """Return the available part, 1.0 where the total is not known."""
        return self.available_bytes / self.total_bytes if self.total_bytes else 1.0


class Tasks(Struct, frozen=True, kw_only=True):
    """How many tasks (threads) there are on the host, the fourth field of /proc/loadavg."""

    count: int


def size(count: int) -> str:
    """Return a number of bytes for a reader.

    >>> size(1536 << 20), size(700 << 20)
    ('1.5 GiB', '700 MiB')
    """
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count >> 20} MiB"
