"""Writable layers, with files, of containers that the engine removes at its start."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class WritableLayers(Struct, frozen=True, kw_only=True):
    """The layers of containers with ``AutoRemove`` that hold at least one file.

    Attributes:
        places: container id → the directory of its writable layer.
        gaps: what could not be examined.
    """

    places: dict[str, HostPath]
    gaps: tuple[Missing, ...] = ()

    def has_files(self, container_id: str) -> bool:
        """Whether a container wrote anything outside of volumes."""
        return container_id in self.places
