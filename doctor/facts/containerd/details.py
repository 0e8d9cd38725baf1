"""Details of findings about containerd: values that a check hands to its fixer."""

from msgspec import Struct

from doctor.facts.containerd.items import FlawedItem
from doctor.formats.databases.bolt_flip import Flip
from doctor.model.paths import HostPath


class ContainerdBroken(Struct, frozen=True, kw_only=True):
    """The file, whether images live with it, whether it can be mended by itself, and whether it is a service's.

    ``flip`` is the bit of a meta page that is flipped, ``items`` what is damaged in a tree whose pages are whole.
    """

    path: HostPath
    holds_images: bool
    is_mendable: bool
    is_service: bool = False
    flip: Flip | None = None
    items: tuple[FlawedItem, ...] = ()


class ListOld(Struct, frozen=True, kw_only=True):
    """The database, and the directory of all that it no longer lists."""

    path: HostPath
    top: HostPath


class SnapshotsBroken(Struct, frozen=True, kw_only=True):
    """The database, and whether one of its generations is whole."""

    path: HostPath
    is_mendable: bool


class ListLost(Struct, frozen=True, kw_only=True):
    """The database, and the directories that the next clean-up empties."""

    path: HostPath
    beside: tuple[HostPath, ...]
