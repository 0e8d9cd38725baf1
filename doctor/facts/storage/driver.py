"""Storage drivers: the driver that the engine uses, and whether this kernel, file system and release support it.

From Moby's ``daemon/graphdriver`` (driver.go, driver_linux.go, overlay2, btrfs, zfs) 20.10 to 29, ``daemon/image_store_choice.go``.
"""

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot, DriverDirectory
from doctor.model.missing import Missing

Release = tuple[int, int, int] | None

REMOVED = {"aufs": (24, 0), "overlay": (24, 0), "devicemapper": (25, 0)}
"""Removed drivers, with the first release without them."""

SNAPSHOTTERS = frozenset(
    {"overlayfs", "native", "btrfs", "zfs", "devmapper", "fuse-overlayfs", "stargz", "nydus", "erofs"}
)
"""Snapshotters of containerd, which the setting names since 24 with ``features.containerd-snapshotter``."""

FILE_SYSTEMS = {
    0xEF53: "ext4",
    0x58465342: "xfs",
    0x9123683E: "btrfs",
    0x2FC12FC1: "zfs",
    0x794C7630: "overlay",
    0x01021994: "tmpfs",
    0xF2F52010: "f2fs",
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0xF15F: "ecryptfs",
    0x61756673: "aufs",
    0x65735546: "fuse",
    0x2011BAB0: "exfat",
    0x4D44: "vfat",
}
UNSUITABLE = frozenset({"nfs", "cifs", "smb2", "ecryptfs", "aufs", "exfat", "vfat"})
"""File systems that can't hold the upper directory of an overlay (kernel: fs/overlayfs/super.c; moby: overlay2)."""

NEEDS = {"btrfs": "btrfs", "zfs": "zfs"}
"""Drivers that work on only one file system."""

OPTION_PREFIX = {
    docker.OVERLAY2: f"{docker.OVERLAY2}.",
    "btrfs": "btrfs.",
    "zfs": "zfs.",
    "devicemapper": "dm.",
    "vfs": "size",
}


class Unmounted(Struct, frozen=True, kw_only=True):
    """A mount of /etc/fstab that is not mounted.

    Attributes:
        point: its mount point; ``source`` and ``fs_type`` as in fstab.
        is_empty: whether the mount point is an empty directory, so that a mount hides nothing.
        has_source: whether the disk exists, or it is a network file system.
    """

    point: str
    source: str
    fs_type: str
    is_empty: bool
    has_source: bool


class Storage(Struct, frozen=True, kw_only=True):
    """The storage driver and its file system.

    Attributes:
        driver: the driver in use, or of the next start: reported by the running engine, else configured, else the one with a
            non-empty directory, else the default for an empty root, else "".
        configured: ``storage-driver`` of the settings, "" for none.
        is_snapshotter: whether images are in the containerd image store.
        file_system: file system of the data root, "" if unknown.
        has_d_type: whether directory entries have a type (d_type); ``None`` if unknown.
        has_overlay: whether this kernel has overlayfs, loaded or loadable; ``None`` if unknown.
        options: options of the data root's mount and its file system.
        is_read_only: whether it is read-only.
        unmounted: unmounted entries of /etc/fstab at, above or below the data root, in its order.
        gaps: what could not be examined.
    """

    driver: str
    configured: str = ""
    is_snapshotter: bool = False
    file_system: str = ""
    has_d_type: bool | None = None
    has_overlay: bool | None = None
    options: tuple[str, ...] = ()
    is_read_only: bool = False
    unmounted: tuple[Unmounted, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def has_quota(self) -> bool:
        """Whether the file system was mounted with project quotas, which ``overlay2.size`` needs."""
        return bool({"prjquota", "pquota"} & set(self.options))


def is_removed(driver: str, release: Release) -> bool:
    """Whether this release no longer has the driver; an unknown release counts as a current one."""
    end = REMOVED.get(driver)
    return end is not None and (release is None or release >= end)


def is_known(driver: str, release: Release, *, snapshotter: bool) -> bool:
    """Whether a driver with this name ever existed: a snapshotter with the containerd image store."""
    if driver in docker.GRAPH_DRIVERS:
        return True
    takes_snapshotters = snapshotter or release is None or release >= (29, 0)
    return takes_snapshotters and driver in SNAPSHOTTERS


def wants_snapshotter(config: EngineConfig) -> bool | None:
    """Return ``features.containerd-snapshotter``, ``None`` if nothing sets it."""
    features = config.get("features")
    value = features.get(docker.SNAPSHOTTER_FEATURE) if isinstance(features, dict) else None
    return value if isinstance(value, bool) else None


def holders(root: DataRoot) -> tuple[DriverDirectory, ...]:
    """Return the drivers with images or containers in the data root, the one with most first."""
    found = [driver for driver in root.drivers if driver.holds_anything]
    return tuple(sorted(found, key=lambda driver: (-driver.images - driver.containers, driver.name)))


def replacement(root: DataRoot | Missing, bad: str, release: Release, file_system: str) -> str | None:
    """Return the replacement of a driver that can't run: the one with the images, "" for the engine's own choice.

    ``None`` if the bad driver itself has images, or several others do: choosing another one would hide them.
    """
    if isinstance(root, Missing):
        return ""
    found = [driver.name for driver in holders(root)]
    own = root.driver(bad)
    if own is not None and own.exists and not own.is_empty:
        return None
    usable = [name for name in found if not is_removed(name, release) and NEEDS.get(name, file_system) == file_system]
    if len(found) > 1 or len(usable) != len(found):
        return None
    return usable[0] if usable else ""
