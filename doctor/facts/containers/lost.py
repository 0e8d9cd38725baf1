"""Containers whose directory is missing while their layer is still recorded."""

from typing import Annotated

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath
from doctor.model.secret import SECRET, Guarded


class LostContainer(Guarded, frozen=True, kw_only=True):
    """A container without a directory.

    Attributes:
        id: 64 hex digits.
        directory: the directory of its settings.
        layer: the directory of its writable layer, "" if its mount record does not name it.
        name: its name in the metadata backup; "" without one.
        config: its config and host config in the backup, ``None`` without one.
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
        """Its name, else its short id."""
        return self.name or self.id[:12]


class LostContainers(Struct, frozen=True, kw_only=True):
    """All such containers, by id."""

    items: tuple[LostContainer, ...] = ()
    gaps: tuple[Missing, ...] = ()
