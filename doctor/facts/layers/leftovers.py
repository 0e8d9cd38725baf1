"""What crashes, interrupted pulls and half-done removals left in an overlay2 root, and what nothing needs any more."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LostLayer(Struct, frozen=True, kw_only=True):
    """A container's writable layer of which no record is left.

    Attributes:
        directory: its name in ``overlay2``; an ``-init`` of the same name stands beside it.
        has_files: whether the container wrote anything.
        below: the directory of the image layer it stands on, "" if its ``lower`` doesn't tell.
    """

    directory: str
    has_files: bool
    below: str


class Leftovers(Struct, frozen=True, kw_only=True):
    """All of it. A running engine's own work in progress is in none of these.

    Attributes:
        is_engine_up: whether an engine holds the root: nothing is moved under it for what is harmless.
        write_sets: names in ``layerdb/tmp``.
        mounts: names of empty directories in ``layerdb/mounts``.
        merged: directory of overlay2 → names of what lies in its ``merged`` while nothing is mounted there.
        image_files: names in ``imagedb/content/sha256`` that are no image id.
        containers: entries of ``containers`` that are no container's → whether nothing is in them.
        orphans: directories of overlay2 that are layers and that provably nothing refers to.
        foreign: other entries of overlay2 that no engine makes.
        lost_layers: writable layers of containers that nothing knows any more: user data.
        unknown: why no directory can be called an orphan on this root, "" if that can be told.
        gaps: what could not be examined.
    """

    is_engine_up: bool
    write_sets: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    merged: dict[str, tuple[str, ...]] = {}
    image_files: tuple[str, ...] = ()
    containers: dict[HostPath, bool] = {}
    orphans: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    lost_layers: tuple[LostLayer, ...] = ()
    unknown: str = ""
    gaps: tuple[Missing, ...] = ()
