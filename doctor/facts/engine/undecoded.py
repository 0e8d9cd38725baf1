"""Files that some reader could not decode, gathered by the scan itself: no collector reads them once more."""

from msgspec import Struct


class UndecodedFile(Struct, frozen=True, kw_only=True):
    """A file that is there and is not what its writer writes.

    Attributes:
        path: of the file.
        problem: what is wrong, without the path.
        checks: ids of the checks that go without it.
    """

    path: str
    problem: str
    checks: tuple[str, ...]


class Undecoded(Struct, frozen=True, kw_only=True):
    """All of them that no finding is about yet. A check that asks for this runs after all others."""

    files: tuple[UndecodedFile, ...] = ()
