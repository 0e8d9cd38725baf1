"""Files of the engine that are immutable or append-only (chattr(1))."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath

IMMUTABLE = 0x10
APPEND_ONLY = 0x20
"""FS_IMMUTABLE_FL and FS_APPEND_FL (include/uapi/linux/fs.h)."""


class HeldFile(Struct, frozen=True, kw_only=True):
    """One immutable or append-only file.

    Attributes:
        path: the file or directory.
        flags: ``IMMUTABLE``, ``APPEND_ONLY`` or both.
        costs: the operation that fails because of it: ``start``, ``create`` (pull images, create containers), ``load`` (the
            container, which disappears), ``run`` (the container), ``save`` (changes of the container).
        container: name of the container that owns it, "" for the engine.
    """

    path: HostPath
    flags: int
    costs: str
    container: str = ""

    @property
    def word(self) -> str:
        """The flag in words."""
        return "immutable" if self.flags & IMMUTABLE else "append-only"


class HeldFiles(Struct, frozen=True, kw_only=True):
    """The immutable ones among the files and directories that the engine writes at its start and for containers.

    Attributes:
        items: the files, the engine's own first.
        root_is_empty: whether the data root is empty: an administrator may make an empty mount point immutable to prevent
            writes while its disk is not mounted.
        gaps: what could not be examined.
    """

    items: tuple[HeldFile, ...] = ()
    root_is_empty: bool = False
    gaps: tuple[Missing, ...] = ()
