"""Reads the data root and the storage drivers with data in it."""

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import MAPPED, DataRoot, DriverDirectory
from doctor.facts.host.mounts import Mounts
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join


@collector
def data_root(host: Host, engine: EngineConfig, mounts: Mounts | Missing) -> DataRoot:
    """Return the data root; absent if this host has none."""
    resolved = host.resolve(engine.data_root)
    found = host.lstat(resolved, follow=False)
    if found.kind != "d":
        raise HostError(Missing.undecodable(resolved, "not a directory"))
    entries = dict(host.scandir(resolved, follow=False))
    if engine.get("userns-remap"):
        # With userns-remap the engine works in a directory named after the mapped ids.
        remapped = [name for name, kind in entries.items() if kind == "d" and MAPPED.fullmatch(name)]
        if len(remapped) == 1:
            resolved = join(resolved, remapped[0])
            found = host.lstat(resolved, follow=False)
            entries = dict(host.scandir(resolved, follow=False))
    places = {name: host.resolve(join(resolved, name)) for name, kind in entries.items() if kind == "l"}
    entries.update({name: _kind(host, place) for name, place in places.items()})
    gaps: list[Missing] = []
    return DataRoot(
        path=engine.data_root,
        resolved=resolved,
        entries=entries,
        uid=found.uid,
        gid=found.gid,
        mode=found.mode,
        is_of_root=is_of_root(host, resolved),
        device=found.device,
        mount=None if isinstance(mounts, Missing) else mounts.covering(resolved),
        drivers=tuple(_drivers(host, resolved, entries, places, gaps)),
        configured_driver=str(engine.get("storage-driver") or ""),
        places=places,
        gaps=tuple(gaps),
    )


def is_of_root(host: Host, top: HostPath) -> bool:
    """Return whether root's engine writes a directory named in the system's settings: root owns it or its parent.

    The directory of a rootless engine and its parent belong to its user; no file in /etc names it. If the directory was
    given by hand, its parent is unknown; then that of a remapped engine has the group of the mapped root
    (moby daemon/daemon_unix.go, setupDaemonRoot).
    """
    try:
        found = host.lstat(top, follow=False)
        return found.uid == found.gid == 0 or host.lstat(HostPath(top.rpartition("/")[0] or "/")).uid == 0
    except HostError:
        return False


def _kind(host: Host, path: HostPath) -> str:
    try:
        return host.lstat(path).kind
    except HostError:
        return "l"


def _drivers(
    host: Host, root: HostPath, entries: dict[str, str], places: dict[str, HostPath], gaps: list[Missing]
) -> list[DriverDirectory]:
    image = places.get(docker.IMAGE, join(root, docker.IMAGE))
    stores = _names(host, image, gaps) if entries.get(docker.IMAGE) == "d" else []
    drivers = []
    for name in docker.GRAPH_DRIVERS:
        if name not in entries and name not in stores:
            continue
        store = join(image, name)
        inside = name in stores
        drivers.append(
            DriverDirectory(
                name=name,
                exists=entries.get(name) == "d",
                is_empty=entries.get(name) != "d" or _is_empty(host, places.get(name, join(root, name)), gaps),
                images=len(_names(host, join(store, docker.IMAGE_CONFIGS), gaps)) if inside else 0,
                layers=len(_names(host, join(store, docker.LAYER_RECORDS), gaps)) if inside else 0,
                containers=len(_names(host, join(store, docker.MOUNT_RECORDS), gaps)) if inside else 0,
            )
        )
    return drivers


def _is_empty(host: Host, path: HostPath, gaps: list[Missing]) -> bool:
    try:
        return next(iter(host.scandir(path, follow=False)), None) is None
    except HostError as error:
        gaps.append(error.missing)
        return True


def _names(host: Host, path: HostPath, gaps: list[Missing]) -> list[str]:
    try:
        return [name for name, _ in host.scandir(path, follow=False)]
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return []
