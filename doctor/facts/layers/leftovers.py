"""Stale files of crashes, interrupted pulls and removals in an overlay2 root, and directories that nothing needs."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostLayer(Struct, frozen=True, kw_only=True):
    """A container's writable layer without any record.

    Attributes:
        directory: its name in ``overlay2``; an ``-init`` with the same name is beside it.
        has_files: whether it has any files.
        below: the directory of the image layer below it, "" if its ``lower`` does not name one.
    """

    directory: str
    has_files: bool
    below: str


class Leftovers(Struct, frozen=True, kw_only=True):
    """All stale files, without files that a running engine is working on.

    Attributes:
        is_engine_up: whether an engine holds the root: then harmless files are not moved.
        write_sets: names in ``layerdb/tmp``.
        mounts: names of empty directories in ``layerdb/mounts``.
        merged: layer directory → names in its ``merged`` while nothing is mounted there.
        image_files: names in ``imagedb/content/sha256`` that are not image ids.
        containers: entries of ``containers`` that don't belong to a container → whether they are empty.
        orphans: layer directories that provably nothing refers to.
        undecided: layer directories of a root that lists no image and no container: leftovers, or the lists were lost.
        foreign: other entries of overlay2, which no engine creates.
        lost_layers: writable layers of containers without any record: user data.
        unknown: why orphans can't be determined on this root, "" if they can.
        gaps: what could not be examined.
    """

    is_engine_up: bool
    write_sets: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    merged: dict[str, tuple[str, ...]] = {}
    image_files: tuple[str, ...] = ()
    containers: dict[HostPath, bool] = {}
    orphans: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    lost_layers: tuple[LostLayer, ...] = ()
    unknown: str = ""
    gaps: tuple[Missing, ...] = ()
