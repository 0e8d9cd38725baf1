"""Where a test container's writes may go, and whether the data root's file system takes a write at all."""

import errno

from msgspec import Struct


class OwnDirectory(Struct, frozen=True, kw_only=True):
    """doctor's own directory on this host.

    Attributes:
        path: absolute.
        device: st_dev of the file system that it lies on.
        is_writable: whether that is mounted for writing.
    """

    path: str
    device: int
    is_writable: bool


class WriteTrial(Struct, frozen=True, kw_only=True):
    """What became of a file without a name that was written on the data root's file system just now.

    Attributes:
        error: errno, 0 if it was written and synced.
        words: what the kernel says of that error.
    """

    error: int
    words: str

    @property
    def is_refused(self) -> bool:
        """Whether the file system takes no write, unlike one that only knows no files without a name."""
        return self.error not in _UNTRIED


_UNTRIED = frozenset(
    {0, errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.EACCES, errno.EPERM, errno.ETIMEDOUT}
)
"""A file system or kernel without O_TMPFILE gives the first four (open(2)); the others say nothing of room."""
