"""Modes of the directories that contain all layer directories and short links."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.view import Stat


class DirectoryModes(Struct, frozen=True, kw_only=True):
    """Modes of ``overlay2`` and ``overlay2/l``.

    Attributes:
        found: directory → its metadata.
        right: directory → the mode that dockerd 23 and later set.
        uid: uid of the engine, which owns them.
        is_reachable: whether every user can traverse the data root.
        gaps: what could not be examined.
    """

    found: dict[HostPath, Stat]
    right: dict[HostPath, int]
    uid: int
    is_reachable: bool
    gaps: tuple[Missing, ...] = ()

    def wrong(self) -> tuple[HostPath, ...]:
        """Return the directories that others can read or write, that their owner can't use, or that another user owns."""
        return tuple(
            path
            for path, stat in self.found.items()
            if stat.mode & 0o026 or stat.mode & 0o700 != 0o700 or stat.uid != self.uid
        )
