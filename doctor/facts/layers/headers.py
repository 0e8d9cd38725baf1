"""What layers' tar headers say of their entries against the disk, contents left out: all that a normal scan or a probe can afford."""

from msgspec import Struct

from doctor.facts.layers.content import Lost
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class HeaderLook(Struct, frozen=True, kw_only=True):
    """One layer: its first headers, or all.

    Attributes:
        chain: its chain ID; ``top`` its ``diff``; ``title`` what a person calls it, "" if it lost nothing.
        entries: how many headers were compared; ``is_whole`` whether these are all.
        files: regular files among them that have a content; ``fit`` of how many the size is the header's, ``timely`` of how many
            the time of change.
        lost: entries with another owner, mode, link or mark.
        oldest_ns: earliest time of change of these files.
        gap: why it could not be looked at, "".
    """

    chain: str
    top: HostPath
    title: str = ""
    entries: int = 0
    is_whole: bool = False
    files: int = 0
    fit: int = 0
    timely: int = 0
    lost: tuple[Lost, ...] = ()
    oldest_ns: int = 0
    gap: str = ""

    @property
    def is_tied(self) -> bool:
        """Whether the headers are surely of this directory: each file is there with its size. Else only ``--deep`` can judge."""
        return self.fit == self.files

    @property
    def was_copied(self) -> bool:
        """Whether no file has the time of its header, as after ``cp -r``: the engine sets it when it unpacks."""
        return self.is_tied and self.files > 1 and not self.timely


class LayerHeaders(Struct, frozen=True, kw_only=True):
    """The layers of sound images, small ones first, as far as a bound on the number of entries goes.

    Attributes:
        looks: by chain ID.
        left: how many layers were not looked at, or not to their end.
        gaps: what could not be examined.
    """

    looks: dict[str, HeaderLook]
    left: int = 0
    gaps: tuple[Missing, ...] = ()

    @property
    def entries(self) -> int:
        """Return how many entries were compared."""
        return sum(look.entries for look in self.looks.values())

    def lossy(self) -> tuple[HeaderLook, ...]:
        """Return the layers that surely lost something."""
        return tuple(look for look in self.looks.values() if look.lost and look.is_tied)


class CopiedRoot(LayerHeaders, frozen=True, kw_only=True):
    """What shows that a data root was copied without owners, modes, times or marks.

    Attributes:
        looks: of a few layers, of all where these or a container give a reason.
        containers: container id → what shows that its writable layer was copied so.
    """

    containers: dict[str, str] = {}
