"""Finds containers of which only a mount record and a layer exist."""

from typing import TYPE_CHECKING

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.lost import LostContainer, LostContainers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.records import Layers
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError
from doctor.model.paths import join

if TYPE_CHECKING:
    from doctor.collect.backup.kept import Backups

_NEW_S = 60
"""dockerd records a new container's layer just before it creates the container's directory."""


@collector
def lost_containers(host: Host, root: DataRoot, layers: Layers, containers: Containers) -> LostContainers:
    """Return the lost containers; the metadata backup is read only if there are any.

    BuildKit records its own layers under names that are not container ids.
    """
    known = set(containers.directories) | set(containers.strays)
    recorded = [name for name in layers.mounts if is_hex64(name) and name not in known]
    unclaimed = layers.unused_pairs()
    if not recorded and not unclaimed:
        return LostContainers()
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    try:
        backups = Backups(host, root)
    except HostError:
        backups = None
    mounts = {name: layers.mounts[name].mount_id or "" for name in recorded}
    if backups is not None:
        # ``docker rm`` removes the layer: a complete container whose layer exists was not removed.
        kept = backups.items[0].generation.mounts
        mounts |= {name: one.mount_id for name, one in kept.items() if one.mount_id in unclaimed and name not in known}
    found = (_lost(root, layers, name, mounts[name], backups) for name in sorted(mounts))
    return LostContainers(
        items=tuple(one for one in found if one.config is not None or _says_something(host, layers, one.id))
    )


def _says_something(host: Host, layers: Layers, identity: str) -> bool:
    """Whether a mount record without a container is more than one that was just being created."""
    record = layers.mounts.get(identity)
    if record is None or (record.mount_id is None and record.init_id is None and record.parent is None):
        return False
    return not _is_new(host, layers, identity)


def _is_new(host: Host, layers: Layers, identity: str) -> bool:
    try:
        found = host.lstat(layers.mount_path(identity), follow=False)
    except HostError:
        return True
    return 0 <= host.now() - found.mtime_ns / 1e9 < _NEW_S


def _lost(root: DataRoot, layers: Layers, identity: str, mount: str, backups: "Backups | None") -> LostContainer:
    directory = join(root.at(docker.CONTAINERS), identity)
    layer = str(layers.diff_path(mount)) if mount in layers.directories else ""
    bare = LostContainer(id=identity, directory=directory, layer=layer)
    if backups is None:
        return bare
    from doctor.collect.backup.files import IsContainerConfig, is_host_config  # noqa: PLC0415

    config = backups.find(docker.container_file(identity, docker.CONTAINER_CONFIG), IsContainerConfig(identity))
    host_config = backups.find(docker.container_file(identity, docker.HOST_CONFIG), is_host_config)
    if config is None or host_config is None:
        return bare
    name = load_first(config[0]).value.get("Name")
    return LostContainer(
        id=identity,
        directory=directory,
        layer=layer,
        name=name.removeprefix("/") if isinstance(name, str) else "",
        config=(config[0], host_config[0]),
        age=config[2].age,
    )
