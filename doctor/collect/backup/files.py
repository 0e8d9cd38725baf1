"""Reads copies of missing and corrupt files from the metadata backup."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from doctor.collect.backup.kept import Backups, RootBackup
from doctor.collect.backup.lists import is_database, newest
from doctor.collect.databases.bolt_values import volume_records
from doctor.engines.docker import places as docker
from doctor.facts.backup.files import (
    DeepTarSplits,
    KeptFile,
    KeptLayer,
    KeptMount,
    KeptTarSplits,
    KeptVolumes,
    MetadataBackup,
)
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.plugins import EnginePlugins
from doctor.facts.images.images import Images
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import AlteredSplits, TarSplits
from doctor.facts.volumes.volumes import VolumeDirectory, Volumes, options_content
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.proof.tar.tar_split import read as read_split
from doctor.state.metadata import MetadataFile

Wanted = Iterator[tuple[str, Callable[[bytes], bool]]]
_SPLITS_BYTES = 64 << 20
"""Limit for tar-splits, which are large: the next repair restores the rest."""


@collector
def metadata_backup(  # noqa: PLR0917 - a parameter a fact
    host: Host,
    root: DataRoot,
    containers: Containers | Missing,
    graph: LayerGraph | Missing,
    volumes: Volumes | Missing,
    plugins: EnginePlugins | Missing,
) -> MetadataBackup:
    """Return copies of corrupt and missing files; absent if this root has no backup."""
    backups = Backups(host, root)
    wanted = [*_of_engine()]
    if isinstance(graph, LayerGraph):
        wanted += _of_images(graph.images, graph.containers)
    if isinstance(containers, Containers):
        wanted += _of_containers(containers)
    if isinstance(volumes, Volumes):
        wanted += _of_volumes(volumes)
    if isinstance(plugins, EnginePlugins):
        wanted += [(docker.plugin_config(one.id), _is_object) for one in plugins.broken]
    files: dict[HostPath, KeptFile] = {}
    for name, is_whole in wanted:
        found = backups.find(name, is_whole)
        if found is not None:
            content, entry, backup = found
            files[root.at(name)] = _kept(content, entry, backup)
    latest = backups.items[0]
    return MetadataBackup(
        age=latest.age,
        files=files,
        layers={
            chain: KeptLayer(cache_id=record.cache_id, size=record.size)
            for chain, record in latest.generation.layers.items()
        },
        mounts={
            identity: KeptMount(mount_id=record.mount_id, parent=record.parent)
            for identity, record in latest.generation.mounts.items()
        },
    )


def _of_engine() -> Wanted:
    yield docker.ENGINE_ID, lambda content: 0 < len(content.strip(b"\0 \n")) < 200
    yield docker.SWARM_STATE, _is_object
    yield docker.SWARM_PEERS, _is_list
    yield docker.SWARM_CERTIFICATE, _is_pem
    yield docker.SWARM_KEY, _is_pem


def _of_images(images: Images, containers: Containers) -> Wanted:
    named = {digest.removeprefix("sha256:") for digest in images.tags.entries.values()} | images.described
    named |= {one.image_id.removeprefix("sha256:") for one in containers.items}
    named |= images.configs.keys()
    for identity in sorted(named):
        if is_hex64(identity) and images.config(identity) is None:
            yield docker.image_config(identity), _Hashed(identity)


def _of_containers(containers: Containers) -> Wanted:
    for broken in containers.broken:
        check = IsContainerConfig(broken.container_id) if broken.file == docker.CONTAINER_CONFIG else is_host_config
        yield docker.container_file(broken.container_id, broken.file), check


def _of_volumes(volumes: Volumes) -> Wanted:
    for volume in volumes.items.values():
        if volume.options_status != "ok":
            yield docker.volume_options(volume.name), _is_object


@collector
def kept_volumes(host: Host, root: DataRoot, database: VolumeDatabase, volumes: Volumes | Missing) -> KeptVolumes:
    """Return the volume records of a backup; absent if the host's own database is valid.

    Records of volumes that no longer exist, or that have other options now, are left out.
    """
    if not (database.file.is_broken or database.file.is_lost):
        raise HostError(Missing(Why.ABSENT, f"{database.file.path} is valid"))
    found = Backups(host, root).find(docker.VOLUME_DATABASE, is_database)
    if found is None:
        raise HostError(Missing(Why.ABSENT, "no backup has records of volumes"))
    tree = newest(found[0])
    bucket = tree.at(docker.VOLUME_BUCKET) if tree is not None else None
    here = volumes.items if isinstance(volumes, Volumes) else {}
    records = volume_records(tree)
    values = {}
    for key, value in (bucket.keys if bucket is not None else {}).items():
        record = records.get(key.decode("utf-8", "replace"))
        if record is None:
            continue
        volume = here.get(record.name)
        if record.driver != "local" or (volume is not None and _fits(record.options, volume)):
            values[key] = value
    return KeptVolumes(values=values, age=found[2].age)


def _fits(options: dict[str, str], volume: VolumeDirectory) -> bool:
    """Whether a volume's own options, if any, are those of its recorded ones."""
    if volume.options_status != "ok":
        return True
    content = options_content(options)
    if content is None:
        return True
    recorded = _object(content)
    mine = (volume.mount_type, volume.mount_options, volume.mount_device)
    return mine == (recorded["MountType"], recorded["MountOpts"], recorded["MountDevice"])


@collector
def kept_tar_splits(host: Host, root: DataRoot, graph: LayerGraph, altered: AlteredSplits | Missing) -> KeptTarSplits:
    """Return the tar-splits of layers whose own is missing or unreadable."""
    damaged = altered.damaged if isinstance(altered, AlteredSplits) else {}
    lost = [
        layer.chain
        for layer in graph.needed()
        if (record := graph.record(layer.chain)) is None or record.lacks_split or layer.chain in damaged
    ]
    return KeptTarSplits(items=_splits(host, root, lost))


@collector
def deep_tar_splits(host: Host, root: DataRoot, splits: TarSplits) -> DeepTarSplits:
    """Return the tar-splits of layers whose own is corrupt."""
    return DeepTarSplits(items=_splits(host, root, list(splits.damaged)))


def _splits(host: Host, root: DataRoot, chains: list[str]) -> dict[str, KeptFile]:
    backups = Backups(host, root)
    items: dict[str, KeptFile] = {}
    left = _SPLITS_BYTES
    for chain in chains:
        found = backups.find(docker.tar_split(chain), _is_split)
        if found is None or len(found[0]) > left:
            continue
        content, entry, backup = found
        left -= len(content)
        items[chain] = _kept(content, entry, backup)
    return items


def _kept(content: bytes, entry: MetadataFile, backup: RootBackup) -> KeptFile:
    return KeptFile(content=content, mode=entry.mode, uid=entry.uid, gid=entry.gid, age=backup.age)


class _Hashed:
    """Whether a content has the digest of its name."""

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def __call__(self, content: bytes) -> bool:
        return sha256(content).hexdigest() == self.digest


class IsContainerConfig:
    """Whether a content is the config of a container."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def __call__(self, content: bytes) -> bool:
        """Whether it names the container."""
        return bool(_object(content).get("ID") == self.identity)


def is_host_config(content: bytes) -> bool:
    """Whether a content is a host config with a log driver, which dockerd always writes."""
    return "LogConfig" in _object(content)


def _is_object(content: bytes) -> bool:
    return bool(_object(content))


def _is_list(content: bytes) -> bool:
    try:
        return isinstance(load_first(content).value, list)
    except FormatError:
        return False


def _is_pem(content: bytes) -> bool:
    return content.startswith(b"-----BEGIN ") and content.rstrip().endswith(b"-----")


def _is_split(content: bytes) -> bool:
    try:
        size = sum(part.size if part.raw is None else len(part.raw) for part in read_split([content]))
    except FormatError:
        return False
    return size > 0 and size % 512 == 0


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = load_first(content).value
    except FormatError:
        return {}
    return value if isinstance(value, dict) else {}
