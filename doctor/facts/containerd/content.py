"""Comparison of containerd's contents with their digests, and of unpacked snapshots with their layers (``--deep``)."""

from msgspec import Struct

from doctor.facts.layers.content import Altered, LostEntry
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class SnapshotLook(Struct, frozen=True, kw_only=True):
    """An unpacked layer compared with its blob.

    Attributes:
        name: key of the snapshot.
        altered: files with other content, the first hundred; ``altered_count`` the number of all.
        lost: entries that are missing or differ from their tar header.
        extra: names that the layer does not have, the first hundred; ``extra_count`` the number of all.
    """

    name: str
    altered: tuple[Altered, ...] = ()
    altered_count: int = 0
    lost: tuple[LostEntry, ...] = ()
    extra: tuple[bytes, ...] = ()
    extra_count: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the directory equals the layer."""
        return not (self.altered_count or self.lost or self.extra_count)


class StoreContent(Struct, frozen=True, kw_only=True):
    """The result of one store.

    Attributes:
        top: the directory of the containerd.
        altered: digits of contents with the right size but without the digest that is their name.
        looks: by name, the snapshots that differ from their blob.
        needing: names of the images that use a content or a snapshot, by its digits or name.
    """

    top: HostPath
    altered: tuple[str, ...] = ()
    looks: dict[str, SnapshotLook] = {}
    needing: dict[str, tuple[str, ...]] = {}


class ContainerdContent(Struct, frozen=True, kw_only=True):
    """The results of all stores; ``gaps``: what could not be examined."""

    items: tuple[StoreContent, ...]
    gaps: tuple[Missing, ...] = ()
