"""The largest consumers of space and of inodes on nearly full file systems."""

from msgspec import Struct

from doctor.facts.host.resources import size


class Eater(Struct, frozen=True, kw_only=True):
    """One consumer of space.

    Attributes:
        what: its description ("the log of container web", "the build cache").
        path: its path, or the source of its size.
        size_bytes: size of all files below it.
        files: number of all files and directories below it, 0 if it was not counted.
        is_partial: whether there was no time to count all of it.
        frees: the command that frees space, "" if only the user can decide what to delete.
        deletes: what that command deletes.
    """

    what: str
    path: str
    size_bytes: int
    files: int = 0
    is_partial: bool = False
    frees: str = ""
    deletes: str = ""

    @property
    def words(self) -> str:
        """Its description and size."""
        return f"{self.what} {'at least ' if self.is_partial else ''}{size(self.size_bytes)}"

    @property
    def inode_words(self) -> str:
        """Its description and number of files."""
        return f"{self.what} {'at least ' if self.is_partial else ''}{self.files} files"

    @property
    def remedy(self) -> str:
        """The command and what it deletes, "" without a command."""
        return f"{self.frees} (deletes {self.deletes})" if self.frees and self.deletes else self.frees


class DiskEaters(Struct, frozen=True, kw_only=True):
    """The largest consumers by path of each nearly full file system, largest first; empty if none is nearly full.

    Attributes:
        by_path: file systems without much space → the largest consumers of space.
        by_inodes: file systems without many inodes → the consumers with most files.
    """

    by_path: dict[str, tuple[Eater, ...]] = {}
    by_inodes: dict[str, tuple[Eater, ...]] = {}

    def on(self, path: str) -> tuple[Eater, ...]:
        """Return the largest consumers of space on this file system."""
        return self.by_path.get(path, ())

    def inodes_on(self, path: str) -> tuple[Eater, ...]:
        """Return the consumers with most files on this file system."""
        return self.by_inodes.get(path, ())


class DiskUse(Struct, frozen=True, kw_only=True):
    """The largest consumers by path of each file system with data of an engine, however full, largest first."""

    by_path: dict[str, tuple[Eater, ...]] = {}
