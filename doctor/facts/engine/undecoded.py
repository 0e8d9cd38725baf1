"""Files that a collector could not decode, gathered by the scan: they are not read again."""

from msgspec import Struct


class UndecodedFile(Struct, frozen=True, kw_only=True):
    """An existing file with invalid content.

    Attributes:
        path: the file.
        problem: the problem, without the path.
        checks: ids of the checks that lack it.
    """

    path: str
    problem: str
    checks: tuple[str, ...]


class Undecoded(Struct, frozen=True, kw_only=True):
    """All undecoded files without a finding. A check of this fact runs after all others."""

    files: tuple[UndecodedFile, ...] = ()
