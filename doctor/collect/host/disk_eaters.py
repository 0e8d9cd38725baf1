"""Measures the largest consumers of space and inodes on nearly full file systems, for at most four seconds.

The engine's own account comes first; it knows what is unused. Walks of directories have two seconds together, so of a data
root with millions of files only a lower limit is known.
"""

import time
from collections.abc import Iterable, Iterator

import msgspec

from doctor.collect.host.disk_places import LikelyPlace, places
from doctor.collect.host.disk_walk import count
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.disk_eaters import DiskEaters, DiskUse, Eater
from doctor.facts.host.resources import FileSystem, FileSystems
from doctor.facts.layers.leftovers import Leftovers
from doctor.facts.logging.drivers import Logging
from doctor.formats.storage.usage import Usage, usage_of
from doctor.host.base import DeletedFile, Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_WALK_S = 2.0
_ENGINE_S = 1.5
_SHOWN = 8
_LEAST_BYTES = 1 << 20
_LEAST_FILES = 100
_MOST_RECORDS = 5000
_OK = 200


@collector
def disk_eaters(
    host: Host,
    systems: FileSystems,
    root: DataRoot | Missing,
    logging: Logging | Missing,
    leftovers: Leftovers | Missing,
) -> DiskEaters:
    """Return the largest consumers; costs nothing if no file system is nearly full."""
    full = [system for system in systems.items if system.is_nearly_full or system.lacks_inodes]
    if not full:
        return DiskEaters()
    found = _consumers(host, full, root, places(host, root, logging, leftovers))
    return DiskEaters(
        by_path={one.path: _largest(found[one.path]) for one in full if one.is_nearly_full},
        by_inodes={
            one.path: tuple(
                sorted((e for e in found[one.path] if e.files >= _LEAST_FILES), key=lambda eater: -eater.files)[:_SHOWN]
            )
            for one in full
            if one.lacks_inodes
        },
    )


@collector
def disk_use(
    host: Host,
    systems: FileSystems,
    root: DataRoot | Missing,
    logging: Logging | Missing,
    leftovers: Leftovers | Missing,
) -> DiskUse:
    """Return the largest consumers on the file systems of engines, however full; only a deep check asks for it."""
    engines = [one for one in systems.items if one.holds_data_root and not one.read_only]
    found = _consumers(host, engines, root, places(host, root, logging, leftovers))
    return DiskUse(by_path={path: _largest(eaters) for path, eaters in found.items()})


def _consumers(
    host: Host, systems: list[FileSystem], root: DataRoot | Missing, wanted: Iterable[LikelyPlace]
) -> dict[str, list[Eater]]:
    """Return the consumers on some file systems, by the path of each."""
    devices = {system.path: _device(host, HostPath(system.path)) for system in systems}
    found: dict[str, list[Eater]] = {system.path: [] for system in systems}
    deadline = time.monotonic() + _WALK_S
    for place in wanted:
        for path, eater in _measured(host, place, systems, devices, deadline):
            found[path].append(eater)
    home = next((system for system in systems if "data root" in system.uses), None)
    for file in host.deleted_files():
        system = next(
            (one for one in systems if devices[one.path] == file.device), home if file.is_of_overlay else None
        )
        if system is not None:
            found[system.path].append(_deleted(file))
    if home is not None and isinstance(root, DataRoot):
        found[home.path] = _with_engine(found[home.path], _usage(host), _recorded(host, root))
    return found


def _largest(eaters: list[Eater]) -> tuple[Eater, ...]:
    known = (eater for eater in eaters if eater.size_bytes >= _LEAST_BYTES)
    return tuple(sorted(known, key=lambda eater: -eater.size_bytes)[:_SHOWN])


def _device(host: Host, path: HostPath) -> int:
    try:
        return host.lstat(host.resolve(path)).device
    except HostError:
        return -1


def _measured(
    host: Host, place: LikelyPlace, full: list[FileSystem], devices: dict[str, int], deadline: float
) -> Iterator[tuple[str, Eater]]:
    """Yield the eater of a place with the path of its file system, if that is nearly full."""
    system = next((one for path in place.paths if (one := _system(host, path, full, devices)) is not None), None)
    if system is None:
        return
    parts = [count(host, path, deadline) for path in place.paths]
    yield (
        system.path,
        Eater(
            what=place.what,
            path=place.paths[0],
            size_bytes=sum(part.size_bytes for part in parts),
            files=sum(part.files for part in parts),
            is_partial=not all(part.is_whole for part in parts),
            frees=place.frees,
            deletes=place.deletes,
        ),
    )


def _system(host: Host, path: HostPath, full: list[FileSystem], devices: dict[str, int]) -> FileSystem | None:
    """Return the nearly full file system that contains a path."""
    try:
        device, numbers = host.lstat(path).device, host.statfs(path)
    except HostError:
        return None
    return next((one for one in full if one.size_bytes == numbers.size_bytes and devices[one.path] == device), None)


def _deleted(file: DeletedFile) -> Eater:
    place = f"/proc/{file.pid}/fd/{file.descriptor}"
    return Eater(
        what=f"a deleted file that process {file.pid} ({file.comm}) has open",
        path=f"{place} -> {file.path}",
        size_bytes=file.size_bytes,
        frees=f"truncate -s 0 {place}",
        deletes="its content, which has no name any more",
    )


def _usage(host: Host) -> Usage:
    """Return the engine's account; a slow or dead engine has none."""
    try:
        answer = host.engine("/system/df", timeout_s=_ENGINE_S)
        return usage_of(msgspec.json.decode(answer.body)) if answer.status == _OK else Usage()
    except (HostError, msgspec.DecodeError, RecursionError):
        return Usage()


def _with_engine(eaters: list[Eater], usage: Usage, recorded: int) -> list[Eater]:
    """Add the unused things that the engine knows; they replace what a walk can only measure together."""
    source = "GET /system/df"
    known = [
        Eater(what="images without a container", path=source, size_bytes=usage.images, frees="docker image prune -a",
              deletes="each image without a container; it must be pulled or built again"),
        Eater(what="stopped containers", path=source, size_bytes=usage.containers, frees="docker container prune",
              deletes="stopped containers and the files that they wrote"),
        Eater(what="volumes without a container", path=source, size_bytes=usage.volumes),
        Eater(what="unused build cache", path=source, size_bytes=usage.build_cache, frees="docker builder prune -a",
              deletes="cached build steps; the next builds take longer"),
    ]  # fmt: skip
    rest = [one for one in eaters if not (usage.build_cache and one.what == "the build cache")]
    return [one for one in known if one.size_bytes] + [_at_least(one, recorded) for one in rest]


def _at_least(eater: Eater, recorded: int) -> Eater:
    """Return the images with the size in the layers' records, if the walk was cut before."""
    if eater.what != "images and writable layers together" or not eater.is_partial:
        return eater
    return msgspec.structs.replace(eater, size_bytes=max(eater.size_bytes, recorded))


def _recorded(host: Host, root: DataRoot) -> int:
    """Return the sum of the sizes in the layers' records."""
    top = root.at(f"{docker.IMAGE}/{root.active_driver or docker.OVERLAY2}/{docker.LAYER_RECORDS}")
    total = 0
    try:
        names = sorted(name for name, _ in host.scandir(top, follow=False))[:_MOST_RECORDS]
    except HostError:
        return 0
    for name in names:
        try:
            text = host.read(join(join(top, name), "size"), follow=False, limit_bytes=64)
        except HostError:
            continue
        total += int(text) if text.isdigit() and len(text) < 20 else 0
    return total
