"""Reads the storage driver and its file system."""

from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineInfo, EngineVersion
from doctor.facts.host.mounts import Mounts
from doctor.facts.kernel.modules import Modules
from doctor.facts.storage.driver import FILE_SYSTEMS, Storage, Unmounted, wants_snapshotter
from doctor.formats.host import fstab
from doctor.host.base import Host, StatFs
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, is_beneath, parent

_BY = {"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel"}
_QUOTES = "\"'"


@collector
def storage(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    config: EngineConfig,
    root: DataRoot | Missing,
    info: EngineInfo | Missing,
    mounts: Mounts | Missing,
    modules: Modules | Missing,
    version: EngineVersion | Missing,
) -> Storage:
    """Return the driver in use or of the next start, and its requirements on this host."""
    configured = str(config.get("storage-driver") or "")
    place = _existing(host, config.data_root)
    ground = _statfs(host, place)
    mount = None if isinstance(mounts, Missing) else mounts.covering(host.resolve(place))
    running = "" if isinstance(info, Missing) else info.storage_driver
    found = "" if isinstance(root, Missing) else root.active_driver
    snapshotter = isinstance(info, EngineInfo) and docker.SNAPSHOTTER_MARK in info.driver_status.get("driver-type", "")
    file_system = "" if ground is None else FILE_SYSTEMS.get(ground.magic, "")
    overlay = _overlay(host, modules)
    return Storage(
        driver=running or configured or found or _first_choice(version, file_system, overlay=overlay),
        configured=configured,
        is_snapshotter=snapshotter or wants_snapshotter(config) is True,
        file_system=file_system,
        has_d_type=_d_type(host, info, file_system, mount.mount_point if mount is not None else ""),
        has_overlay=overlay,
        options=() if mount is None else (*mount.options, *mount.super_options),
        is_read_only=mount.is_read_only if mount is not None else ground is not None and ground.read_only,
        unmounted=tuple(_unmounted(host, config.data_root, mounts)),
    )


def _first_choice(version: EngineVersion | Missing, file_system: str, *, overlay: bool | None) -> str:
    """Return the driver that an engine chooses for an empty root; "" if that is not certain.

    overlay2 is the first choice since 23.0; since 29.0 an empty root gets the containerd image store.
    """
    if isinstance(version, Missing) or not (23, 0) <= version.release < (29, 0):
        return ""
    return docker.OVERLAY2 if overlay and file_system in {"ext4", "xfs", "btrfs", "tmpfs", "f2fs"} else ""


def _existing(host: Host, path: HostPath) -> HostPath:
    """Return the data root, or the nearest existing directory above it, where the engine would create it."""
    while path != "/" and not host.exists(host.resolve(path)):
        path = parent(path)
    return path


def _statfs(host: Host, path: HostPath) -> StatFs | None:
    try:
        return host.statfs(path)
    except HostError:
        return None


def _d_type(host: Host, info: EngineInfo | Missing, file_system: str, mount_point: str) -> bool | None:
    """Return whether d_type is supported, from the running engine, else from xfs_info; other file systems have it."""
    if isinstance(info, EngineInfo) and "Supports d_type" in info.driver_status:
        return info.driver_status["Supports d_type"] == "true"
    if file_system != "xfs" or not mount_point or not host.is_live():
        return None
    try:
        said = host.run(("xfs_info", mount_point)).text
    except HostError:
        return None
    return None if "ftype=" not in said else "ftype=1" in said


def _overlay(host: Host, modules: Modules | Missing) -> bool | None:
    try:
        listed = host.read(HostPath("/proc/filesystems"), limit_bytes=1 << 16).decode("ascii", "replace").split()
    except HostError:
        return None
    if "overlay" in listed:
        return True
    if isinstance(modules, Missing):
        return None
    return modules.has("overlay") or modules.can_load("overlay")


def _unmounted(host: Host, data_root: HostPath, mounts: Mounts | Missing) -> Iterator[Unmounted]:
    """Yield unmounted entries of /etc/fstab at, above or below the data root, except "/"."""
    if isinstance(mounts, Missing) or not mounts.items:
        return
    try:
        text = host.read(HostPath("/etc/fstab"), limit_bytes=1 << 18).decode("utf-8", "replace")
    except HostError:
        return
    for entry in fstab.parse(text):
        point = HostPath(entry.point)
        inside = is_beneath(data_root, point) or is_beneath(point, data_root)
        if "noauto" in entry.options or not point.startswith("/") or point == "/" or not inside:
            continue
        if not mounts.at(host.resolve(point)):
            yield Unmounted(
                point=point,
                source=entry.source,
                fs_type=entry.fs_type,
                is_empty=_is_empty(host, point),
                has_source=_has_source(host, entry.source),
            )


def _is_empty(host: Host, point: HostPath) -> bool:
    """Whether the mount point is an empty directory, so that a mount hides nothing."""
    try:
        return not host.listdir(point)
    except HostError:
        return False


def _has_source(host: Host, source: str) -> bool:
    kind, _, name = source.partition("=")
    if kind in _BY:
        return host.exists(HostPath(f"/dev/disk/{_BY[kind]}/{name.strip(_QUOTES)}"))
    return not source.startswith("/dev/") or host.exists(HostPath(source))
