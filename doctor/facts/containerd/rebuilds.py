"""Rebuilt databases of containerd. Read only when a fixer asks."""

from msgspec import Struct

from doctor.model.paths import HostPath


class Rebuilt(Struct, frozen=True, kw_only=True):
    """A database that lists everything in its directory.

    Attributes:
        content: the file.
        origin: the source of its records, in words.
    """

    content: bytes
    origin: str


class ContainerdRebuilds(Struct, frozen=True, kw_only=True):
    """By path of the database; ``reasons`` say why another one can't be rebuilt."""

    items: dict[HostPath, Rebuilt]
    reasons: dict[HostPath, str] = {}
