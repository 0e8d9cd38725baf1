"""What takes the space of a file system that is nearly full."""

from msgspec import Struct

from doctor.facts.host.resources import size


class Eater(Struct, frozen=True, kw_only=True):
    """One thing that takes space.

    Attributes:
        what: in a few words ("the log of container web", "volume data").
        path: where it lies.
        size_bytes: as stat says, of all files beneath it.
        is_partial: not all of it could be counted in the time that a scan has.
        frees: what a person types to get space back, "" if only they know what may go.
    """

    what: str
    path: str
    size_bytes: int
    is_partial: bool = False
    frees: str = ""

    @property
    def words(self) -> str:
        """What it is and how much it takes."""
        return f"{self.what} {'at least ' if self.is_partial else ''}{size(self.size_bytes)}"


class DiskEaters(Struct, frozen=True, kw_only=True):
    """The largest things on each nearly full file system, by its path, largest first; nothing where none is."""

    by_path: dict[str, tuple[Eater, ...]] = {}

    def on(self, path: str) -> tuple[Eater, ...]:
        """Return the largest on this file system."""
        return self.by_path.get(path, ())
