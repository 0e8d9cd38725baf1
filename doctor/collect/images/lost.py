"""Finds images of which only layers exist: their configs were lost, as ``docker rmi`` would have removed the layers."""

from functools import partial

from doctor.collect.backup.lists import is_tags
from doctor.collect.images.images import config_of, parse_tags
from doctor.engines.docker import places as docker
from doctor.facts.databases.buildkit import Snapshots
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImage, LostImages
from doctor.facts.layers.records import DIRECTORY_NAME, Layers
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join, parent


@collector
def lost_images(
    host: Host, root: DataRoot, images: Images, layers: Layers, snapshots: Snapshots | Missing
) -> LostImages:
    """Return the lost images; the metadata backup is read only if a layer belongs to no image."""
    left = _left_over(images, layers)
    if not left:
        return LostImages()
    missing = _gone(host, images.top)
    if missing is None and isinstance(snapshots, Snapshots):
        # The build cache keeps layers of removed images.
        left -= _built(layers, snapshots)
    if not left:
        return LostImages()
    # An interrupted pull leaves lower layers of an image that was removed since the backup, never its top layer.
    tops = None if missing is not None else {chain for config in images.sound() for chain in config.chain}
    items = _kept(host, root, images, layers, left, tops)
    return LostImages(items=items, directories=tuple(sorted(left)), missing=missing)


def _gone(host: Host, top: HostPath) -> HostPath | None:
    """Return the uppermost missing directory in the path of the configs, ``None`` if all exist."""
    path = parent(top)
    for name in ("", top.rpartition("/")[2], *docker.IMAGE_CONFIGS.split("/")):
        path = join(path, name) if name else path
        if not host.exists(path):
            return path
    return None


def _left_over(images: Images, layers: Layers) -> set[str]:
    """Return the layer directories that belong to no known image or container, and to no interrupted removal."""
    needed = {chain for config in images.sound() for chain in config.chain}
    used = {record.cache_id for chain, record in layers.records.items() if chain in needed}
    used.update(layers.removing.values())
    for mount in layers.mounts.values():
        used.update((mount.mount_id, mount.named_by_init))
    return {
        name
        for name, found in layers.directories.items()
        if found.has_diff
        and name not in used
        and DIRECTORY_NAME.fullmatch(name)
        and docker.init_layer(name) not in layers.directories
    }


def _built(layers: Layers, snapshots: Snapshots) -> set[str]:
    cache = {chain: record.cache_id for chain, record in layers.records.items() if record.cache_id}
    below = snapshots.parents(cache)
    named = {snapshots.directory(key, cache) for key in snapshots.items}
    return {*below, *below.values(), *snapshots.built().values(), *filter(None, named)}


def _kept(  # noqa: PLR0917 - what was read, and what follows from it
    host: Host, root: DataRoot, images: Images, layers: Layers, left: set[str], tops: set[str] | None
) -> dict[str, LostImage]:
    """Return the images of the newest backup that need a remaining layer, and whose top layer remains or is in ``tops``."""
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    try:
        backups = Backups(host, root)
    except HostError:
        return {}
    newest = backups.items[0].generation
    recorded = {chain for chain, record in layers.records.items() if record.cache_id in left}
    recorded.update(chain for chain, record in newest.layers.items() if record.cache_id in left)
    listed = backups.find(docker.tags(), is_tags)
    tags = parse_tags(listed[0]) if listed is not None else {}
    prefix = docker.image_config("")
    items: dict[str, LostImage] = {}
    for name in newest.files:
        identity = name.removeprefix(prefix)
        if not name.startswith(prefix) or not is_hex64(identity) or identity in images.configs:
            continue
        found = backups.find(name, partial(_is_config, identity))
        chain = config_of(identity, found[0]).chain if found is not None else ()
        if found is None or recorded.isdisjoint(chain) or (tops is not None and chain[-1] not in tops | recorded):
            continue
        items[identity] = LostImage(
            id=identity,
            content=found[0],
            path=images.path_of(identity),
            names=tuple(sorted(name for name, digest in tags.items() if digest == f"sha256:{identity}")),
            age=found[2].age,
        )
    return items


def _is_config(identity: str, content: bytes) -> bool:
    return config_of(identity, content).is_sound
