"""What containerd's contents and unpacked snapshots really are, by digest and layer by layer (``--deep``)."""

from msgspec import Struct

from doctor.facts.layers.content import Altered, Lost
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class SnapshotLook(Struct, frozen=True, kw_only=True):
    """An unpacked layer against its blob.

    Attributes:
        name: key of the snapshot.
        altered: files with another content, the first hundred; ``altered_count`` of how many.
        lost: entries whose headers say otherwise.
        extra: names that the layer doesn't have, the first hundred; ``extra_count`` of how many.
    """

    name: str
    altered: tuple[Altered, ...] = ()
    altered_count: int = 0
    lost: tuple[Lost, ...] = ()
    extra: tuple[bytes, ...] = ()
    extra_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the directory is the layer."""
        return not (self.altered_count or self.lost or self.extra_count)


class StoreContent(Struct, frozen=True, kw_only=True):
    """One store, looked at.

    Attributes:
        top: the containerd's directory.
        altered: digits of contents that no longer have the digest of their name, though they have its size.
        looks: by name of the snapshot, of those that are not what their blob is.
        needing: names of the images that need a content, or have a snapshot's layer, by digits or snapshot name.
    """

    top: HostPath
    altered: tuple[str, ...] = ()
    looks: dict[str, SnapshotLook] = {}
    needing: dict[str, tuple[str, ...]] = {}


class ContainerdContent(Struct, frozen=True, kw_only=True):
    """All stores; ``gaps``: what could not be examined."""

    items: tuple[StoreContent, ...]
    gaps: tuple[Missing, ...] = ()
