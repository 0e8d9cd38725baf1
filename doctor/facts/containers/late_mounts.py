"""Bind mounts whose source is on a disk or share that was not mounted when the container started."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class LateMount(Struct, frozen=True, kw_only=True):
    """One mount point, and the containers that use the directory beneath it.

    Attributes:
        point: the mount point.
        source: the mounted device or share, or that of /etc/fstab.
        is_mounted: whether it is mounted now; if not, it is in /etc/fstab without ``noauto``.
        paths: container id → the path that the container mounts.
        target: the path in the first of these containers.
    """

    point: HostPath
    source: str
    is_mounted: bool
    paths: dict[str, HostPath]
    target: str = ""


class LateMounts(Struct, frozen=True, kw_only=True):
    """The mount points, in order of their path. Empty on a healthy host."""

    items: tuple[LateMount, ...] = ()
    gaps: tuple[Missing, ...] = ()
