"""Reads the directories of local volumes: their names and options, never their data."""

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

# Other entries of dockerd in volumes/: its database and the device node for quotas.
_NOT_VOLUMES = frozenset({docker.VOLUME_DATABASE.rpartition("/")[2], docker.VOLUME_QUOTA})


@collector
def volumes(host: Host, root: DataRoot) -> Volumes:
    """Return the volumes; an empty value if the directory does not exist."""
    top = root.at(docker.VOLUMES)
    if not root.has(docker.VOLUMES):
        return Volumes(top=top)
    gaps: list[Missing] = []
    items = {}
    for name, kind in host.scandir(top, follow=False):
        if kind == "d" and name not in _NOT_VOLUMES:
            items[name] = _volume(host, join(top, name), name, gaps)
    return Volumes(top=top, items=dict(sorted(items.items())), gaps=tuple(gaps))


def _volume(host: Host, path: HostPath, name: str, gaps: list[Missing]) -> VolumeDirectory:
    try:
        entries = dict(host.scandir(path, follow=False))
        data = _kind(host, join(path, docker.VOLUME_DATA), entries.get(docker.VOLUME_DATA, ""))
        if docker.VOLUME_OPTIONS not in entries:
            return VolumeDirectory(name=name, data_kind=data, options_status="absent")
        found = load_object(host.read(join(path, docker.VOLUME_OPTIONS), follow=False, limit_bytes=1 << 20))
    except FormatError as error:
        return VolumeDirectory(name=name, data_kind=data, options_status="broken", options_problem=str(error))
    except HostError as error:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            gaps.append(error.missing)
            return VolumeDirectory(name=name, data_kind="d", options_status="absent")
        problem = error.missing.reason.rpartition(": ")[2]
        return VolumeDirectory(name=name, data_kind="d", options_status="broken", options_problem=problem)
    texts = {key: value for key, value in found.items() if isinstance(value, str)}
    return VolumeDirectory(
        name=name,
        data_kind=data,
        options_status="ok",
        mount_type=texts.get("MountType", ""),
        mount_device=texts.get("MountDevice", ""),
        mount_options=texts.get("MountOpts", ""),
    )


def _kind(host: Host, path: HostPath, kind: str) -> str:
    """Return the kind of ``_data``; for a link (a volume moved to another disk by hand) that of its target."""
    if kind not in {"l", "?"}:
        return kind
    try:
        return host.lstat(host.resolve(path)).kind
    except HostError as error:
        return "" if error.is_absent else "d"
