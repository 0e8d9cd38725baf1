"""Comparison of entries with their tar headers, without contents: fast enough for a normal scan or a probe."""

from msgspec import Struct

from doctor.facts.layers.content import LostEntry
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class HeaderLook(Struct, frozen=True, kw_only=True):
    """The result of one layer: of its first headers, or of all.

    Attributes:
        chain: its chain ID; ``top`` its ``diff``; ``title`` its name for display, "" if it lost nothing.
        entries: number of compared headers; ``is_whole`` whether these are all.
        files: number of regular files with content; ``fit`` those with the header's size, ``timely`` those with its
            modification time.
        lost: entries with a wrong owner, mode, link or xattr.
        oldest_ns: earliest modification time of these files.
        gap: why it could not be examined, "" if it was.
    """

    chain: str
    top: HostPath
    title: str = ""
    entries: int = 0
    is_whole: bool = False
    files: int = 0
    fit: int = 0
    timely: int = 0
    lost: tuple[LostEntry, ...] = ()
    oldest_ns: int = 0
    gap: str = ""

    @property
    def is_tied(self) -> bool:
        """Whether the headers certainly describe this directory: every file has its size. Otherwise only ``--deep`` can judge."""
        return self.fit == self.files

    @property
    def was_copied(self) -> bool:
        """Whether no file has its header's time, as after ``cp -r``: the engine sets it when it unpacks a layer."""
        return self.is_tied and self.files > 1 and not self.timely


class LayerHeaders(Struct, frozen=True, kw_only=True):
    """The layers of valid images, small ones first, up to a limit on the number of entries.

    Attributes:
        looks: by chain ID.
        left: number of layers that were not examined, or not completely.
        gaps: what could not be examined.
    """

    looks: dict[str, HeaderLook]
    left: int = 0
    gaps: tuple[Missing, ...] = ()

    @property
    def entries(self) -> int:
        """Return the number of compared entries."""
        return sum(look.entries for look in self.looks.values())

    def lossy(self) -> tuple[HeaderLook, ...]:
        """Return the layers that certainly lost something."""
        return tuple(look for look in self.looks.values() if look.lost and look.is_tied)


class CopiedRoot(LayerHeaders, frozen=True, kw_only=True):
    """Evidence that a data root was copied without owners, modes, times or xattrs.

    Attributes:
        looks: results of a few layers, of all if these or a container are suspicious.
        containers: container id → evidence that its writable layer was copied like that.
    """

    containers: dict[str, str] = {}
