"""containerd's databases as they can be recreated. Read only when a fixer asks."""

from msgspec import Struct

from doctor.model.paths import HostPath


class Rebuilt(Struct, frozen=True, kw_only=True):
    """A database that lists everything that lies beside it.

    Attributes:
        content: the file.
        origin: where its records come from, in words.
    """

    content: bytes
    origin: str


class ContainerdRebuilds(Struct, frozen=True, kw_only=True):
    """By path of the database; ``reasons`` say why another can't be made."""

    items: dict[HostPath, Rebuilt]
    reasons: dict[HostPath, str] = {}
