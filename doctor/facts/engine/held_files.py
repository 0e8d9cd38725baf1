"""Files of the engine that the kernel lets nobody change: immutable or append-only by chattr(1)."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath

IMMUTABLE = 0x10
APPEND_ONLY = 0x20
"""FS_IMMUTABLE_FL and FS_APPEND_FL (include/uapi/linux/fs.h)."""


class HeldFile(Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        path: of the file or directory.
        flags: ``IMMUTABLE``, ``APPEND_ONLY`` or both.
        costs: what the engine can't do because of it: ``start``, ``create`` (pull images and make containers), ``load`` (the
            container, which vanishes), ``run`` (the container), ``save`` (what changes of the container).
        container: the name of the container whose it is, "" for the engine's own.
    """

    path: HostPath
    flags: int
    costs: str
    container: str = ""

    @property
    def word(self) -> str:
        """The flag as a person says it."""
        return "immutable" if self.flags & IMMUTABLE else "append-only"


class HeldFiles(Struct, frozen=True, kw_only=True):
    """All that are found among the few files and directories that the engine writes at its start and for containers.

    Attributes:
        items: they, the engine's own first.
        root_is_empty: whether the data root holds nothing: who makes an empty mount point immutable wants nobody to write
            beneath the disk that belongs there.
        gaps: what could not be examined.
    """

    items: tuple[HeldFile, ...] = ()
    root_is_empty: bool = False
    gaps: tuple[Missing, ...] = ()
