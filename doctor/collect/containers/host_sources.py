"""Checks that devices and directories of the host exist that containers name. Costs nothing if there are none."""

from collections.abc import Callable, Iterable, Iterator

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.engine.state import EngineInfo
from doctor.facts.volumes.volumes import Volumes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def container_sources(
    host: Host, containers: Containers, info: EngineInfo | Missing, volumes: Volumes | Missing
) -> ContainerSources:
    """Return what is missing."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "not a running machine, so its devices and mounts can't be checked"))
    gaps: list[Missing] = []
    seen: dict[str, bool] = {}

    def is_gone(path: str) -> bool:
        if path not in seen:
            seen[path] = _is_gone(host, HostPath(path), gaps)
        return seen[path]

    bound = {} if isinstance(volumes, Missing) else _bound(volumes)
    return ContainerSources(
        devices=_missing(containers.items, lambda one: one.host.devices if one.host is not None else (), is_gone),
        mounts=_missing(containers.items, lambda one: _sources(one, bound), is_gone),
        plugins={} if isinstance(info, Missing) else _plugins(host, containers.items, info),
        gaps=tuple(gaps),
    )


def _bound(volumes: Volumes) -> dict[str, str]:
    """Return volume → directory, of local volumes that are bind mounts. The engine works in /, so a relative one is below it."""
    binds = (one for one in volumes.items.values() if one.mount_device and "bind" in one.mount_options.split(","))
    return {one.name: f"/{one.mount_device.removeprefix('./').lstrip('/')}" for one in binds}


def _sources(one: Container, bound: dict[str, str]) -> Iterator[str]:
    """Yield the paths that must exist before a start of a container."""
    for mount in one.mounts:
        if mount.must_exist:
            yield mount.source
        elif mount.kind == "volume" and mount.name in bound:
            yield bound[mount.name]


def _plugins(host: Host, items: tuple[Container, ...], info: EngineInfo) -> dict[str, tuple[str, ...]]:
    used = {mount.driver for one in items for mount in one.mounts if mount.kind == "volume" and mount.driver}
    lost = {name for name in used - {"local", *info.volume_drivers} if not _has_files(host, name)}
    found = {}
    for one in items if lost else ():
        names = dict.fromkeys(mount.driver for mount in one.mounts if mount.kind == "volume" and mount.driver in lost)
        if names:
            found[one.id] = tuple(names)
    return found


def _has_files(host: Host, name: str) -> bool:
    """Whether the engine finds an old-style plugin at its first use (moby pkg/plugins/discovery.go).

    The name of a managed plugin has a slash or a tag: the engine lists it if it is enabled.
    """
    if "/" in name or ":" in name:
        return False
    sockets = (f"{top}/{one}" for top in docker.PLUGIN_SOCKETS for one in (f"{name}.sock", f"{name}/{name}.sock"))
    specs = (f"{top}/{one}" for top in docker.PLUGIN_SPECS for one in (f"{name}.spec", f"{name}.json"))
    return any(host.exists(HostPath(path)) for path in (*sockets, *specs))


def _missing(
    items: tuple[Container, ...], named: Callable[[Container], Iterable[str]], is_gone: Callable[[str], bool]
) -> dict[str, tuple[HostPath, ...]]:
    found = {}
    for one in items:
        gone = tuple(HostPath(path) for path in dict.fromkeys(named(one)) if path.startswith("/") and is_gone(path))
        if gone:
            found[one.id] = gone
    return found


def _is_gone(host: Host, path: HostPath, gaps: list[Missing]) -> bool:
    """Whether nothing exists at a path, with links followed; what can't be examined is not missing."""
    try:
        host.lstat(host.resolve(path))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return error.is_absent
    return False
