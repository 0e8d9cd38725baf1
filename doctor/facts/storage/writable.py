"""Where a test container's writes may go: a directory of doctor's own, and whether it shares the data root's file system."""

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
