"""The data root: the directory of the engine's images, containers, volumes and networks."""

import re

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.formats.host.mountinfo import Mount
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join

MAPPED = re.compile(r"([0-9]+)\.[0-9]+")
"""Name of the data root with ``userns-remap``: the user and group that root in containers is mapped to."""


class DriverDirectory(Struct, frozen=True, kw_only=True):
    """The data of one storage driver in the data root.

    Attributes:
        name: name of the driver, as ``docker info`` shows it.
        exists: whether its directory exists.
        is_empty: whether that directory is empty or absent.
        images: configs in ``image/NAME/imagedb``, 0 if there is no such store.
        layers: entries of ``image/NAME/layerdb/sha256``.
        containers: entries of ``image/NAME/layerdb/mounts``: containers with a writable layer of this driver.
    """

    name: str
    exists: bool
    is_empty: bool
    images: int
    layers: int
    containers: int

    @property
    def holds_anything(self) -> bool:
        """Whether images or containers use this driver."""
        return bool(self.images or self.layers or self.containers)


class DataRoot(Struct, frozen=True, kw_only=True):
    """The directory that ``data-root`` names, with symbolic links resolved once.

    Attributes:
        path: the path as configured.
        resolved: its real path; below it no link is followed.
        entries: name → kind letter of each entry; for a link, the kind of its target.
        uid: its owner; ``gid`` its group, ``mode`` its permission bits, ``device`` its st_dev.
        is_of_root: whether an engine that runs as root writes it, whoever owns it now (``chown -R``); false if a user's
            own engine (rootless) may.
        mount: the mount that contains it, ``None`` if the mount table is unknown.
        drivers: the storage drivers that have a directory or an image store here.
        configured_driver: ``storage-driver`` of the settings, "" if the engine chooses one.
        places: name → real path of an entry that is a symbolic link (a directory moved to another disk by hand).
        gaps: what could not be examined.
    """

    path: HostPath
    resolved: HostPath
    entries: dict[str, str]
    uid: int
    gid: int
    mode: int
    is_of_root: bool
    device: int
    mount: Mount | None
    drivers: tuple[DriverDirectory, ...]
    configured_driver: str
    places: dict[str, HostPath] = {}
    gaps: tuple[Missing, ...] = ()

    def at(self, *parts: str) -> HostPath:
        """Return a path below the real place, through the link if its first component is one."""
        if not (self.places and parts):
            return join(self.resolved, *parts)
        top, _, rest = "/".join(parts).partition("/")
        place = self.places.get(top, join(self.resolved, top))
        return join(place, rest) if rest else place

    def has(self, name: str) -> bool:
        """Whether the root has a directory of this name."""
        return self.entries.get(name) == "d"

    def driver(self, name: str) -> DriverDirectory | None:
        """Return the data of a driver, ``None`` for none."""
        return next((found for found in self.drivers if found.name == name), None)

    @property
    def holds_anything(self) -> bool:
        """Whether it has images or containers of any driver."""
        return any(found.holds_anything for found in self.drivers)

    @property
    def mapped_root(self) -> int | None:
        """The user that root in containers is mapped to (``userns-remap``), ``None`` without a mapping."""
        found = MAPPED.fullmatch(self.resolved.rpartition("/")[2])
        return None if found is None else int(found[1])

    @property
    def owner_shift(self) -> int | None:
        """The number added to owners on disk: 0 in root's own data root, the first id of a remapped one.

        ``None`` if owners can't be compared: in the root of a rootless engine, whose map is not stored in it, and in one that maps
        users and groups with different offsets.
        """
        found = MAPPED.fullmatch(self.resolved.rpartition("/")[2])
        if found is None:
            return 0 if self.is_of_root else None
        user, group = self.resolved.rpartition("/")[2].split(".")[:2]
        return int(user) if user == group else None

    @property
    def prior_drivers(self) -> tuple[str, ...]:
        """The drivers that an engine without ``storage-driver`` finds here; with more than one it does not start."""
        return tuple(found.name for found in self.drivers if found.name in docker.PRIOR_DRIVERS and not found.is_empty)

    @property
    def active_driver(self) -> str:
        """The driver in use: the configured one, else the one with data here, else ""."""
        if self.configured_driver:
            return self.configured_driver
        if len(self.prior_drivers) == 1:
            return self.prior_drivers[0]
        used = [found for found in self.drivers if found.holds_anything]
        best = max(used, key=lambda found: (found.images + found.containers, found.layers), default=None)
        return "" if best is None else best.name
