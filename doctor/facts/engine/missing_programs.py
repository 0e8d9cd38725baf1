"""Programs of the engine that a unit or a package names and that are gone."""

from msgspec import Struct


class MissingProgram(Struct, frozen=True, kw_only=True):
    """A program that something on this host names and that is not where it says.

    Attributes:
        name: ``dockerd``, ``containerd`` or ``runc``.
        path: where it should be.
        problem: ``no such file``, ``not executable``, ``empty`` or ``no file``.
        where: what names it, a file and its line where there is one.
        is_packaged: whether a package brought what names it, so that the package manager brings the program back.
    """

    name: str
    path: str
    problem: str
    where: str
    is_packaged: bool


class MissingPrograms(Struct, frozen=True, kw_only=True):
    """All of them; ``orphaned``: how many containers lie in the data root of a live host on which no dockerd is found."""

    items: tuple[MissingProgram, ...] = ()
    orphaned: int = 0
