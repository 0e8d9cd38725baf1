"""doctor's own directory for writes of a test container, and a trial write on the data root's file system."""

import errno

from msgspec import Struct


class OwnDirectory(Struct, frozen=True, kw_only=True):
    """doctor's own directory on this host.

    Attributes:
        path: its absolute path.
        device: st_dev of its file system.
        is_writable: whether that is mounted writable.
    """

    path: str
    device: int
    is_writable: bool


class WriteTrial(Struct, frozen=True, kw_only=True):
    """The result of writing an unnamed file (O_TMPFILE) on the data root's file system.

    Attributes:
        error: errno, 0 if it was written and synced.
        words: the message for that errno.
    """

    error: int
    words: str

    @property
    def is_refused(self) -> bool:
        """Whether the file system refused the write, and not only O_TMPFILE."""
        return self.error not in _UNTRIED


_UNTRIED = frozenset(
    {0, errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.EACCES, errno.EPERM, errno.ETIMEDOUT}
)
"""The first four mean that the file system or kernel does not support O_TMPFILE (open(2)); the others don't concern space."""
