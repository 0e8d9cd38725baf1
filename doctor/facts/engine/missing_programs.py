"""Programs of the engine that a unit or a package names and that are missing."""

from msgspec import Struct


class MissingProgram(Struct, frozen=True, kw_only=True):
    """A missing or unusable program that something on this host names.

    Attributes:
        name: ``dockerd``, ``containerd`` or ``runc``.
        path: its expected path.
        problem: ``no such file``, ``not executable``, ``empty``, ``not a file``, or why its content can't be executed.
        where: what names it: a file, with its line if known.
        is_packaged: whether a package owns what names it, so that the package manager can reinstall the program.
    """

    name: str
    path: str
    problem: str
    where: str
    is_packaged: bool


class MissingPrograms(Struct, frozen=True, kw_only=True):
    """All missing programs; ``orphaned``: number of containers in the data root of a live host without any dockerd."""

    items: tuple[MissingProgram, ...] = ()
    orphaned: int = 0
