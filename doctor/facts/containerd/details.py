"""Details of findings about containerd: values that a check passes to its fixer."""

from msgspec import Struct

from doctor.facts.containerd.items import FlawedItem
from doctor.formats.databases.bolt_flip import BitFlip
from doctor.model.paths import HostPath


class ContainerdBroken(Struct, frozen=True, kw_only=True):
    """The file, whether it lists images, whether it can be repaired on its own, and whether a separate service owns it.

    ``flip`` is the flipped bit of a meta page; ``items`` are the corrupt values in a tree whose pages are valid.
    """

    path: HostPath
    holds_images: bool
    is_repairable: bool
    is_service: bool = False
    flip: BitFlip | None = None
    items: tuple[FlawedItem, ...] = ()


class ListOld(Struct, frozen=True, kw_only=True):
    """The database, and the directory with what it no longer lists."""

    path: HostPath
    top: HostPath


class SnapshotsBroken(Struct, frozen=True, kw_only=True):
    """The database, and whether one of its generations is valid."""

    path: HostPath
    is_repairable: bool


class ListLost(Struct, frozen=True, kw_only=True):
    """The database, and the directories that the next garbage collection empties."""

    path: HostPath
    beside: tuple[HostPath, ...]
