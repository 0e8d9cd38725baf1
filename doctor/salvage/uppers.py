"""Finds each container's writable layer, for every storage driver and snapshotter.

Records: ``image/DRIVER/layerdb/mounts/CONTAINER/{mount-id,init-id,parent}`` (moby layer/filestore.go), the same for all graph
drivers; for containerd ``metadata.db`` of the snapshotter (containerd core/snapshots/storage/bolt.go), with the keys
``NAMESPACE/NUMBER/NAME``: dockerd and CRI name a container's snapshot by the container's id.
"""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.collect.containers.settings_json import container_of, host_config_of
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.lost import LostContainers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.graph import LayerGraph
from doctor.formats.databases import bolt
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.salvage.store import PLACES
from doctor.scan.resolve import Facts

_UPPERS = {"fuse-overlayfs": "fuse-overlayfs/{}/diff", "overlay": "overlay/{}/upper", "aufs": "aufs/diff/{}"}
"""Directories of the drivers that keep only changes; all others keep a full copy, as in `PLACES`."""

_MARKED = frozenset({"fuse-overlayfs", "aufs"})
_SNAPSHOTTERS = {"overlayfs": "fs", "fuse-overlayfs": "fs", "native": ""}
"""containerd's snapshotters that keep directories, and the subdirectory with a snapshot's files."""

_ID_BYTES = 4096
_ACTIVE = b"\x02"


class Upper(Struct, frozen=True, kw_only=True):
    """One container's writable layer.

    Attributes:
        id: of the container; ``title`` is its display name, ``container`` its config if that is readable.
        driver: the storage driver, or containerd's snapshotter.
        directory: its place, "" if unknown; ``problem`` is then the reason.
        below: the directory it started from, if the driver keeps a full copy; "" if it keeps only changes.
        parent: chain id of the layer below it, "" if unknown.
        has_marks: whether files named ``.wh.NAME`` mark removals.
        is_unread: whether it could not be read.
    """

    id: str
    title: str
    container: Container | None = None
    driver: str
    directory: HostPath | None = None
    below: HostPath | None = None
    parent: str = ""
    has_marks: bool = False
    problem: str = ""
    is_unread: bool = False


def find(host: Host, root: DataRoot, facts: Facts) -> Iterator[Upper]:
    """Yield the writable layers of all containers of all drivers, and of containerd."""
    found = facts.get(Containers)
    containers = found if isinstance(found, Containers) else Containers()
    seen: set[str] = set()
    for upper in (*_overlay2(facts), *_others(host, root, containers), *_snapshots(host, root, facts, containers)):
        if upper.problem and upper.id in seen:
            continue
        seen.add(upper.id)
        yield upper
    for container in containers.items:
        if container.id not in seen:
            problem = f"no record shows where driver {container.driver or 'unknown'} has its writable layer"
            yield Upper(
                id=container.id, title=container.title, container=container, driver=container.driver, problem=problem
            )


def _overlay2(facts: Facts) -> Iterator[Upper]:
    """Yield those of overlay2; the layer graph replaces lost records."""
    graph = facts.get(LayerGraph)
    if not isinstance(graph, LayerGraph):
        return
    mine = {one.id for one in graph.containers.items if one.driver in {"", "overlay2"}}
    lost = _lost(facts)
    kept = facts.get(MetadataBackup) if lost or any(one not in graph.layers.mounts for one in mine) else None
    mounts = kept.mounts if isinstance(kept, MetadataBackup) else {}
    for identity in sorted(graph.layers.mounts.keys() | mine | lost.keys()):
        record = graph.layers.mounts.get(identity)
        directory = record.mount_id if record is not None else None
        if directory not in graph.layers.directories:
            directory = graph.mount_of(identity)
        mount = mounts.get(identity)
        if not directory and mount is not None and mount.mount_id in graph.layers.directories:
            directory = mount.mount_id
        container = graph.containers.get(identity) or lost.get(identity)
        if not directory and container is not None and container.driver not in {"", "overlay2"}:
            continue
        yield Upper(
            id=identity,
            title=container.title if container is not None else graph.container_title(identity),
            container=container,
            driver="overlay2",
            directory=graph.layers.diff_path(directory) if directory else None,
            parent=graph.mount_parent(identity) or (mount.parent.removeprefix("sha256:") if mount is not None else ""),
            problem="" if directory else "no record shows which directory is its writable layer",
        )


def _lost(facts: Facts) -> dict[str, Container | None]:
    """Return the containers with a missing directory, from the metadata backup; ``None`` for one without settings."""
    found = facts.get(LostContainers)
    lost: dict[str, Container | None] = {}
    for one in found.items if isinstance(found, LostContainers) else ():
        lost[one.id] = None
        if one.config is not None:
            config, host_config = (load_first(content).value for content in one.config)
            lost[one.id] = container_of(config, one.directory, host=host_config_of(host_config))
    return lost


def _others(host: Host, root: DataRoot, containers: Containers) -> Iterator[Upper]:
    """Yield those of the other graph drivers, by the engine's records."""
    for driver in root.drivers:
        if driver.name == "overlay2" or driver.name not in PLACES or not driver.containers:
            continue
        mounts = join(root.at("image", driver.name), "layerdb/mounts")
        try:
            names = sorted(name for name, kind in host.scandir(mounts, follow=False) if kind == "d" and is_hex64(name))
        except HostError as error:
            yield Upper(id="", title="all", driver=driver.name, problem=str(error), is_unread=True)
            continue
        for name in names:
            yield _recorded(host, root, driver.name, name, containers.get(name))


def _recorded(host: Host, root: DataRoot, driver: str, identity: str, container: Container | None) -> Upper:
    layers = join(root.at("image", driver), "layerdb")
    record = join(layers, "mounts", identity)
    mount, below = _text(host, join(record, "mount-id")), _text(host, join(record, "init-id"))
    parent = _text(host, join(record, "parent")).removeprefix("sha256:")
    if not below and is_hex64(parent):
        below = _text(host, join(layers, "sha256", parent, "cache-id"))
    upper = Upper(
        id=identity,
        title=container.title if container is not None else identity[:12],
        container=container,
        driver=driver,
        parent=parent if is_hex64(parent) else "",
        has_marks=driver in _MARKED,
    )
    if not _is_name(mount):
        return replace(upper, problem="no record shows which directory is its writable layer")
    if driver in _UPPERS:
        return replace(upper, directory=_place(root, _UPPERS[driver], mount))
    if not _is_name(below):
        return replace(upper, problem="no record shows its first state, so its changes are unknown")
    directory, base = _place(root, PLACES[driver], mount), _place(root, PLACES[driver], below)
    if driver == "zfs" and not _holds_anything(host, directory):
        return replace(upper, problem=f"{directory} is empty: mount the container's ZFS data set there, then run again")
    return replace(upper, directory=directory, below=base)


def _place(root: DataRoot, pattern: str, name: str) -> HostPath:
    first, _, rest = pattern.format(name).partition("/")
    return join(root.at(first), rest)


def _is_name(name: str) -> bool:
    return name.removesuffix("-init").isalnum()


def _text(host: Host, path: HostPath) -> str:
    try:
        return host.read(path, follow=False, limit_bytes=_ID_BYTES).decode("ascii", "replace").strip()
    except HostError:
        return ""


def _holds_anything(host: Host, path: HostPath) -> bool:
    try:
        return next(iter(host.scandir(path, follow=False)), None) is not None
    except HostError:
        return False


def _snapshots(host: Host, root: DataRoot, facts: Facts, containers: Containers) -> Iterator[Upper]:
    """Yield the snapshots of containers: from dockerd's own containerd, and from a separate service."""
    service = facts.get(ContainerdService)
    places = () if isinstance(service, Missing) else (service.resolved,)
    for top in dict.fromkeys((root.at("containerd", "daemon"), *places)):
        for snapshotter, inside in _SNAPSHOTTERS.items():
            directory = join(top, f"io.containerd.snapshotter.v1.{snapshotter}")
            yield from _of_snapshotter(host, directory, inside, containers)


def _of_snapshotter(host: Host, top: HostPath, inside: str, containers: Containers) -> Iterator[Upper]:
    database = join(top, "metadata.db")
    snapshotter = top.rpartition(".")[2]
    try:
        best = bolt.read(host.read(database, follow=False, limit_bytes=bolt.MAX_BYTES)).best
        problem = "" if best is not None else "it has no intact tree"
    except HostError as error:
        if error.is_absent and not _holds_anything(host, join(top, "snapshots")):
            return
        best, problem = None, str(error)
    except FormatError as error:
        best, problem = None, str(error)
    if best is None:
        text = f"the containers' snapshots are unknown: {database}: {problem}"
        yield Upper(id="", title=f"all of {snapshotter}", driver=snapshotter, problem=text)
        return
    records = best.root.at("v1", "snapshots")
    known = records.buckets if records is not None else {}
    for name, record in sorted(known.items()):
        identity = name.decode("utf-8", "replace").rpartition("/")[2]
        if record.keys.get(b"kind") != _ACTIVE or not is_hex64(identity):
            continue
        parent = known.get(record.keys.get(b"parent", b""))
        container = containers.get(identity)
        yield Upper(
            id=identity,
            title=container.title if container is not None else identity[:12],
            container=container,
            driver=snapshotter,
            directory=_snapshot(top, record, inside),
            below=_snapshot(top, parent, inside) if parent is not None and not inside else None,
            has_marks=snapshotter == "fuse-overlayfs",
        )


def _snapshot(top: HostPath, record: bolt.Bucket, inside: str) -> HostPath:
    """Return the directory of a snapshot: its number is a Go uvarint."""
    number = 0
    for index, byte in enumerate(record.keys.get(b"id", b"")[:9]):
        number |= (byte & 0x7F) << (7 * index)
    place = join(top, "snapshots", str(number))
    return join(place, inside) if inside else place
