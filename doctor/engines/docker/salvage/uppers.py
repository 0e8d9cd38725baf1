"""Finds each container's writable layer, for every storage driver and snapshotter.

Mount records have the same form for all graph drivers (moby layer/filestore.go). With containerd's store, the snapshots of
containerd are the writable layers.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api.engine import Ask
from doctor.collect.containers.settings_json import container_of, host_config_of
from doctor.engines.containerd.salvage import snapshots
from doctor.engines.docker import places as docker
from doctor.engines.docker.salvage.store import PLACES
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.lost import LostContainers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.graph import LayerGraph
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.salvage.reader import Upper

_UPPERS = {"fuse-overlayfs": "fuse-overlayfs/{}/diff", "overlay": "overlay/{}/upper", "aufs": "aufs/diff/{}"}
"""Directories of the drivers that keep only changes; all others keep a full copy, as in `PLACES`."""

_MARKED = frozenset({"fuse-overlayfs", "aufs"})
_ID_BYTES = 4096


def find(host: Host, root: DataRoot, ask: Ask) -> Iterator[Upper]:
    """Yield the writable layers of all containers of all drivers, and of containerd."""
    found = ask(Containers)
    containers = found if isinstance(found, Containers) else Containers()
    seen: set[str] = set()
    for upper in (*_overlay2(ask), *_others(host, root, containers), *_snapshots(host, root, ask, containers)):
        if upper.problem and upper.id in seen:
            continue
        seen.add(upper.id)
        yield _with_settings(upper)
    for container in containers.items:
        if container.id not in seen:
            problem = f"no record shows where driver {container.driver or 'unknown'} has its writable layer"
            yield Upper(
                id=container.id, title=container.title, container=container, driver=container.driver, problem=problem
            )


def _with_settings(upper: Upper) -> Upper:
    if upper.container is None:
        return upper
    names = (docker.CONTAINER_CONFIG, docker.HOST_CONFIG)
    return replace(upper, settings=tuple(join(upper.container.directory, name) for name in names))


def _snapshots(host: Host, root: DataRoot, ask: Ask, containers: Containers) -> Iterator[Upper]:
    """Yield the snapshots of containers: from dockerd's own containerd, and from a separate service."""
    service = ask(ContainerdService)
    places = () if isinstance(service, Missing) else (service.resolved,)
    return snapshots.uppers(host, (root.at(docker.OWN_CONTAINERD), *places), containers)


def _overlay2(ask: Ask) -> Iterator[Upper]:
    """Yield those of overlay2; the layer graph replaces lost records."""
    graph = ask(LayerGraph)
    if not isinstance(graph, LayerGraph):
        return
    mine = {one.id for one in graph.containers.items if one.driver in {"", docker.OVERLAY2}}
    lost = _lost(ask)
    kept = ask(MetadataBackup) if lost or any(one not in graph.layers.mounts for one in mine) else None
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
        if not directory and container is not None and container.driver not in {"", docker.OVERLAY2}:
            continue
        yield Upper(
            id=identity,
            title=container.title if container is not None else graph.container_title(identity),
            container=container,
            driver=docker.OVERLAY2,
            directory=graph.layers.diff_path(directory) if directory else None,
            parent=graph.mount_parent(identity) or (mount.parent.removeprefix("sha256:") if mount is not None else ""),
            problem="" if directory else "no record shows which directory is its writable layer",
        )


def _lost(ask: Ask) -> dict[str, Container | None]:
    """Return the containers with a missing directory, from the metadata backup; ``None`` for one without settings."""
    found = ask(LostContainers)
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
        if driver.name == docker.OVERLAY2 or driver.name not in PLACES or not driver.containers:
            continue
        mounts = join(root.at(docker.IMAGE, driver.name), docker.MOUNT_RECORDS)
        try:
            names = sorted(name for name, kind in host.scandir(mounts, follow=False) if kind == "d" and is_hex64(name))
        except HostError as error:
            yield Upper(id="", title="all", driver=driver.name, problem=str(error), is_unread=True)
            continue
        for name in names:
            yield _recorded(host, root, driver.name, name, containers.get(name))


def _recorded(host: Host, root: DataRoot, driver: str, identity: str, container: Container | None) -> Upper:
    store = root.at(docker.IMAGE, driver)
    record = join(store, docker.MOUNT_RECORDS, identity)
    mount, below = _text(host, join(record, docker.MOUNT_ID)), _text(host, join(record, docker.INIT_ID))
    parent = _text(host, join(record, docker.PARENT)).removeprefix("sha256:")
    if not below and is_hex64(parent):
        below = _text(host, join(store, docker.LAYER_RECORDS, parent, docker.CACHE_ID))
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
