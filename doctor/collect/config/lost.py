"""Searches records of the settings of a daemon.json that can't be read. Only a fixer of such a file asks."""

import re
from collections.abc import Iterator
from typing import Any

from doctor.collect.backup.kept import backed_up_paths
from doctor.collect.engine.other_roots import containers_in, images_by_driver
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import DaemonJson
from doctor.facts.config.lost import KnownRoot, LostSettings, SettingsCopy
from doctor.facts.engine.state import EngineInfo
from doctor.formats.config import daemon_json
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join, parent
from doctor.model.step import Meta

_ROOT = re.compile(rb'"(?:data-root|graph)"\s*:\s*"(/[^"\x00-\x1f]{1,1024})"')
_DRIVER = re.compile(rb'"storage-driver"\s*:\s*"([\w.-]{1,64})"')
_SNAPSHOTTER = re.compile(rb'"containerd-snapshotter"\s*:\s*true\b')
_LIMIT_BYTES = 1 << 20
_MOST_FILES = 200


@collector
def lost_settings(host: Host, file: DaemonJson, info: EngineInfo | Missing) -> LostSettings:
    """Return the candidates, those that hold images or containers first."""
    sources: dict[HostPath, list[str]] = {}
    for path, source in _named(host, file, info):
        sources.setdefault(HostPath(path.rstrip("/") or "/"), []).append(source)
    named = [(path, tuple(dict.fromkeys(names))) for path, names in sources.items()]
    roots = [root for path, names in named for root in _roots(host, path, names, file, info)]
    roots.sort(key=lambda root: not root.holds_anything)
    return LostSettings(roots=tuple(roots), copies=tuple(_copies(host, file)), meta=_meta(host, file.path))


def _meta(host: Host, path: HostPath) -> Meta | None:
    try:
        found = host.lstat(host.resolve(path))
    except HostError:
        return None
    return Meta(mode=found.mode, uid=found.uid, gid=found.gid) if found.kind == "f" else None


def _named(host: Host, file: DaemonJson, info: EngineInfo | Missing) -> Iterator[tuple[str, str]]:
    if isinstance(info, EngineInfo) and info.data_root:
        yield info.data_root, "the running engine"
    for text in _ROOT.findall(file.content[:_LIMIT_BYTES]):
        yield text.decode("utf-8", "replace"), f"the text of {file.path}"
    for path in backed_up_paths(host):
        yield path, "doctor's metadata backup"
    yield docker.DEFAULT_ROOT, "the engine's default"


def _roots(
    host: Host, path: HostPath, sources: tuple[str, ...], file: DaemonJson, info: EngineInfo | Missing
) -> Iterator[KnownRoot]:
    """Yield a root once for each storage driver that has images in it: the engine shows those of one."""
    top = host.resolve(path)
    stores, containers = images_by_driver(host, top), containers_in(host, top)
    base: dict[str, Any] = {} if path == docker.DEFAULT_ROOT else {"data-root": str(path)}
    if isinstance(info, EngineInfo) and info.data_root.rstrip("/") == path:
        settings = base | _running(info)
        count = stores.get(info.storage_driver, 0)
        yield KnownRoot(path=path, images=count, containers=containers, sources=sources, settings=settings)
        return
    written = _DRIVER.search(file.content[:_LIMIT_BYTES])
    named = "" if written is None else written[1].decode()
    if _SNAPSHOTTER.search(file.content[:_LIMIT_BYTES]):
        base["features"] = {docker.SNAPSHOTTER_FEATURE: True}
    for driver in stores or ("",):
        # The engine chooses overlay2 by itself, and never vfs.
        is_needed = driver and (driver != docker.OVERLAY2 or len(stores) > 1 or named == driver)
        yield KnownRoot(
            path=path,
            driver=driver if len(stores) > 1 else "",
            images=stores.get(driver, 0),
            containers=containers,
            sources=sources,
            settings=base | ({"storage-driver": driver} if is_needed else {}),
        )


def _running(info: EngineInfo) -> dict[str, Any]:
    """Return the settings of the running engine without which its data or logs would be found elsewhere."""
    found: dict[str, Any] = {}
    if docker.SNAPSHOTTER_MARK in info.driver_status.get("driver-type", ""):
        found["features"] = {docker.SNAPSHOTTER_FEATURE: True}
    elif info.storage_driver:
        found["storage-driver"] = info.storage_driver
    if info.logging_driver not in {"", "json-file"}:
        found["log-driver"] = info.logging_driver
    return found | ({"live-restore": True} if info.live_restore else {})


def _copies(host: Host, file: DaemonJson) -> Iterator[SettingsCopy]:
    """Yield valid settings files beside it whose name begins with its name (daemon.json.bak, daemon.json~)."""
    top, name = parent(file.path), file.path.rpartition("/")[2]
    try:
        names = [entry for entry, kind in host.scandir(top) if kind == "f" and entry != name and entry.startswith(name)]
    except HostError:
        return
    for entry in sorted(names)[:_MOST_FILES]:
        path = join(top, entry)
        try:
            content = host.read(path, limit_bytes=_LIMIT_BYTES)
            value = daemon_json.read(content).value
        except (HostError, FormatError):
            continue
        if value:
            yield SettingsCopy(path=path, content=content, keys=tuple(value))
