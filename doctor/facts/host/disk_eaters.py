"""The largest consumers of space on nearly full file systems."""

from msgspec import Struct

from doctor.facts.host.resources import size


class Eater(Struct, frozen=True, kw_only=True):
    """One consumer of space.

    Attributes:
        what: its description ("the log of container web", "volume data").
        path: its path.
        size_bytes: allocated size of all files below it.
        is_partial: whether a scan had no time to count all of it.
        frees: the command that frees space, "" if only the user can decide what to delete.
    """

    what: str
    path: str
    size_bytes: int
    is_partial: bool = False
    frees: str = ""

    @property
    def words(self) -> str:
        """Its description and size."""
        return f"{self.what} {'at least ' if self.is_partial else ''}{size(self.size_bytes)}"


class DiskEaters(Struct, frozen=True, kw_only=True):
    """The largest consumers by path of each nearly full file system, largest first; empty if none is nearly full."""

    by_path: dict[str, tuple[Eater, ...]] = {}

    def on(self, path: str) -> tuple[Eater, ...]:
        """Return the largest consumers on this file system."""
        return self.by_path.get(path, ())
