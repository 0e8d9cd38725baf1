"""Measures the largest consumers of space on nearly full file systems, for at most two seconds."""

import time
from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.host.disk_eaters import DiskEaters, Eater
from doctor.facts.host.resources import FileSystem, FileSystems
from doctor.facts.logging.drivers import Logging
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_BUDGET_S = 2.0
_SHOWN = 5
_LEAST_BYTES = 1 << 20
_ELSEWHERE = (
    ("the journal", "/var/log/journal", "journalctl --vacuum-size=200M"),
    ("crash dumps", "/var/lib/systemd/coredump", "rm /var/lib/systemd/coredump/*"),
    ("crash dumps", "/var/crash", ""),
    ("package archives", "/var/cache/apt", "apt-get clean"),
    ("package archives", "/var/cache/dnf", "dnf clean all"),
    ("other logs", "/var/log", ""),
    ("temporary files", "/tmp", ""),  # noqa: S108 - only read
    ("temporary files", "/var/tmp", ""),  # noqa: S108 - only read
    ("home directories", "/home", ""),
    ("root's home", "/root", ""),
)


@collector
def disk_eaters(host: Host, systems: FileSystems, root: DataRoot | Missing, logging: Logging | Missing) -> DiskEaters:
    """Return the largest consumers; costs nothing if no file system is nearly full."""
    full = [system for system in systems.items if system.is_nearly_full]
    if not full:
        return DiskEaters()
    deadline = time.monotonic() + _BUDGET_S
    found: dict[str, list[Eater]] = {system.path: [] for system in full}
    for what, path, frees in _places(host, root, logging):
        system = _system(host, path, full)
        if system is None:
            continue
        size_bytes, is_whole = _size(host, path, deadline)
        if size_bytes >= _LEAST_BYTES:
            eater = Eater(what=what, path=path, size_bytes=size_bytes, is_partial=not is_whole, frees=frees)
            found[system.path].append(eater)
    return DiskEaters(
        by_path={
            path: tuple(sorted(eaters, key=lambda one: -one.size_bytes)[:_SHOWN]) for path, eaters in found.items()
        }
    )


def _places(host: Host, root: DataRoot | Missing, logging: Logging | Missing) -> Iterator[tuple[str, HostPath, str]]:
    """Yield directories and files that are likely to be large, quickly measured ones first."""
    if isinstance(logging, Logging):
        for file in sorted(logging.files, key=lambda file: -file.size_bytes)[:_SHOWN]:
            yield f"the log of container {file.container}", file.path, f"truncate -s 0 {file.path}"
    yield from ((what, HostPath(path), frees) for what, path, frees in _ELSEWHERE[:5])
    if isinstance(root, DataRoot):
        yield "the build cache", root.at(docker.BUILDKIT), "docker builder prune"
        for name in _names(host, root.at(docker.VOLUMES)):
            yield f"volume {name}", join(root.at(docker.VOLUMES), name), ""
        yield "images and writable layers", root.at(root.active_driver or docker.OVERLAY2), "docker image prune"
    yield from ((what, HostPath(path), frees) for what, path, frees in _ELSEWHERE[5:])


def _names(host: Host, path: HostPath) -> list[str]:
    try:
        return sorted(name for name, kind in host.scandir(path, follow=False) if kind == "d")
    except HostError:
        return []


def _system(host: Host, path: HostPath, full: list[FileSystem]) -> FileSystem | None:
    """Return the nearly full file system that contains a path."""
    try:
        device, numbers = host.lstat(path).device, host.statfs(path)
        return next(
            (
                system
                for system in full
                if system.size_bytes == numbers.size_bytes
                and host.lstat(host.resolve(HostPath(system.path))).device == device
            ),
            None,
        )
    except HostError:
        return None


def _size(host: Host, top: HostPath, deadline: float) -> tuple[int, bool]:
    """Return the bytes of all files below ``top`` on its file system, and whether all were counted."""
    total, left, is_whole = 0, [top], True
    device: int | None = None
    while left:
        if time.monotonic() > deadline:
            return total, False
        here = left.pop()
        try:
            found = host.lstat(here, follow=False)
            device = found.device if device is None else device
            if found.kind == "f":
                total += found.size
            elif found.kind == "d" and found.device == device:
                left.extend(join(here, name) for name, _ in host.scandir(here, follow=False))
        except HostError:
            is_whole = False
    return total, is_whole
