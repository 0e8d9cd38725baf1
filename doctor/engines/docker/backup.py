"""The small files of Docker's data root that a metadata backup keeps, of both image stores."""

from collections.abc import Iterator
from typing import TypeVar

from doctor.api.engine import Ask, BackupFiles, Kept
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.lists import ContainerdLists, kept_name
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.images.images import Images
from doctor.facts.layers.records import Layers
from doctor.facts.volumes.volumes import Volumes
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import join
from doctor.state.metadata import KeptLayerRecord, KeptMountRecord

_Fact = TypeVar("_Fact")

_SINGLE = (docker.ENGINE_ID, docker.tags(), docker.NETWORK_DATABASE, docker.VOLUME_DATABASE)
_SWARM = (
    docker.SWARM_STATE,
    docker.SWARM_PEERS,
    docker.SWARM_CERTIFICATE,
    docker.SWARM_KEY,
    docker.SWARM_AUTHORITY,
)
_SMALL_CONTENT_BYTES = 32 << 10
_OF_IMAGE = (docker.PARENT, "lastUpdated", "builtLocally")


def backup(host: Host, ask: Ask) -> BackupFiles | None:
    """Return the files to keep of the data root; ``None`` if it is missing."""
    root = ask(DataRoot)
    if not isinstance(root, DataRoot):
        return None
    files = _Files(host, ask, root)
    return BackupFiles(files=files.wanted(), layers=files.layers(), mounts=files.mounts())


class _Files:
    """The files of one data root, by the facts of a scan."""

    def __init__(self, host: Host, ask: Ask, root: DataRoot) -> None:
        self.host = host
        self.ask = ask
        self.root = root

    def wanted(self) -> Iterator[Kept]:
        """Yield the files to keep, the least replaceable first: the last ones are dropped if the limit is exceeded."""
        for name in _SINGLE:
            yield self._at(name)
        yield from self._containerd()
        if self._fact(SwarmFiles) is not None:
            for name in _SWARM:
                yield self._at(name)
        for identity in self._containers():
            yield self._at(docker.container_file(identity, docker.CONTAINER_CONFIG))
            yield self._at(docker.container_file(identity, docker.HOST_CONFIG))
        volumes = self._fact(Volumes)
        for volume in volumes.items.values() if volumes is not None else ():
            if volume.options_status == "ok":
                yield self._at(docker.volume_options(volume.name))
        yield from self._images()
        for name in self._names(docker.PLUGINS):
            yield self._at(docker.plugin_config(name))
        yield from self._tar_splits()

    def _containerd(self) -> Iterator[Kept]:
        """Yield the lists of a containerd with images, then its small contents: manifests, configs, tiny layers."""
        lists = self._fact(ContainerdLists)
        for known in lists.items if lists is not None else ():
            name = kept_name(self.root, known.top)
            for path in (containerd.METADATA_DATABASE, containerd.SNAPSHOT_DATABASE):
                yield Kept(f"{name}/{path}", join(known.top, path))
            for digits, size in sorted(known.sizes.items()):
                if size <= _SMALL_CONTENT_BYTES:
                    yield Kept(f"{name}/{containerd.blob(digits)}", known.blob_path(digits))

    def _images(self) -> Iterator[Kept]:
        """Yield each image's config and its metadata."""
        images = self._fact(Images)
        if images is None:
            return
        for config in images.sound():
            yield self._at(docker.image_config(config.id))
        for identity in sorted(images.described):
            top = docker.image_metadata(identity)
            for name in self._names(top):
                if name in _OF_IMAGE:
                    yield self._at(f"{top}/{name}")

    def _tar_splits(self) -> Iterator[Kept]:
        """Yield the tar-split of each layer, the smallest first."""
        records = self._layers.records.values() if self._layers is not None else ()
        for record in sorted(records, key=lambda record: (record.tar_split_bytes, record.chain)):
            if record.tar_split_bytes > 0:
                yield self._at(docker.tar_split(record.chain))

    def layers(self) -> dict[str, KeptLayerRecord]:
        """Return the complete records of layers, as the scan read them."""
        records = self._layers.records.values() if self._layers is not None else ()
        return {
            record.chain: KeptLayerRecord(record.diff, record.parent or "", record.cache_id, record.size)
            for record in records
            if record.diff and record.cache_id and record.size
        }

    def mounts(self) -> dict[str, KeptMountRecord]:
        """Return the mount records that name a directory, as the scan read them."""
        records = self._layers.mounts.values() if self._layers is not None else ()
        return {
            record.container_id: KeptMountRecord(record.mount_id, record.init_id or "", record.parent or "")
            for record in records
            if record.mount_id
        }

    @property
    def _layers(self) -> Layers | None:
        """The records and directories of overlay2, ``None`` on a root of another driver."""
        return self._fact(Layers)

    def _containers(self) -> tuple[str, ...]:
        """Return the ids of all containers."""
        found = self._fact(Containers)
        return () if found is None else found.directories

    def _fact(self, kind: type[_Fact]) -> _Fact | None:
        """Return a fact of the scan, ``None`` if it is missing."""
        found = self.ask(kind)
        return found if isinstance(found, kind) else None

    def _names(self, name: str) -> list[str]:
        """Return the names in a directory of the root; empty if it is missing."""
        try:
            return self.host.listdir(self._at(name).path, follow=False)
        except HostError:
            return []

    def _at(self, name: str) -> Kept:
        """Return a file of the root by its relative path."""
        return Kept(name, self.root.at(name))
