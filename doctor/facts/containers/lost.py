"""Containers whose directory is gone while their layer is still recorded."""

from typing import Annotated

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class LostContainer(Guarded, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        id: 64 hex digits.
        directory: where its settings were.
        layer: the directory with the files it wrote, "" if its mount record doesn't tell.
        name: by which people knew it, as the metadata backup has it; "" without one.
        config: its config and host config as the backup has them, ``None`` without.
        age: how old the backup is, in words.
    """

    id: str
    directory: HostPath
    layer: str
    name: str = ""
    config: Annotated[tuple[bytes, bytes] | None, SECRET] = None
    age: str = ""

    @property
    def title(self) -> str:
        """The name a person knows it by, else its short id."""
        return self.name or self.id[:12]


class LostContainers(Struct, frozen=True, kw_only=True):
    """All of them, by id."""

    items: tuple[LostContainer, ...] = ()
    gaps: tuple[Missing, ...] = ()
