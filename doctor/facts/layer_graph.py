"""The layer graph: images, their chains, records, directories, links, mounts and containers, and where they disagree.

Everything that follows from something else is computed here: chain ids and parents from image configs, a layer's ``lower``
from its ancestors, a link's name from whatever still tells it. A check is a disagreement between that and the disk.
"""

import re
from dataclasses import dataclass, field

from doctor.facts.containers import Container, Containers
from doctor.facts.images import Images
from doctor.facts.layers import LayerDirectory, LayerRecord, Layers, MountRecord
from doctor.model.missing import Missing

LINK_NAME = re.compile(r"[A-Z2-7]{26}")
DIRECTORY_NAME = re.compile(r"[0-9a-f]{64}|[a-z0-9]{25}")
EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
"""The diff id of a layer without any entry: a tar of 1,024 zero bytes."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a layer's record must say, computed from image configs or proven by the record itself.

    Attributes:
        chain: 64 hex digits.
        diff: digest of its tar.
        parent: chain id of the layer below without "sha256:", "" for the first.
        depth: how many layers lie below.
        images: ids of the images that have this layer; empty where only the record itself proves it.
    """

    chain: str
    diff: str
    parent: str
    depth: int
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGraph:
    """The whole graph of an overlay2 root, each edge with what the disk says of it.

    Attributes:
        images: the image store.
        layers: the records as they lie there.
        containers: containers by their files; empty where there are none.
        expected: by chain id, for each layer that an image has or that its record proves.
        cache: chain id → directory, where the record names an existing one that no other record claims.
        snapshots: directory of BuildKit → its parent directory ("" for none); ``None`` where its database can't tell.
        names: directory → the name that its link has or should have.
        lowers: directory → the names that its ``lower`` should hold; ``None`` where its parent isn't known.
        parents: directory → the directory below it, "" for none; absent where it isn't known.
        referenced: directories that an image, a container or BuildKit needs.
        gaps: what could not be looked at.
    """

    images: Images
    layers: Layers
    containers: Containers
    expected: dict[str, Expected]
    cache: dict[str, str]
    snapshots: dict[str, str] | None
    names: dict[str, str]
    lowers: dict[str, tuple[str, ...] | None]
    parents: dict[str, str]
    referenced: frozenset[str]
    gaps: tuple[Missing, ...] = field(default=())

    def record(self, chain: str) -> LayerRecord | None:
        """Return the record of a layer, ``None`` where its directory is missing."""
        return self.layers.records.get(chain)

    def directory(self, identity: str) -> LayerDirectory | None:
        """Return a directory of overlay2."""
        return self.layers.directories.get(identity)

    def needed(self) -> tuple[Expected, ...]:
        """Return the layers of the images that can be used, lowest first."""
        return tuple(sorted((one for one in self.expected.values() if one.images), key=lambda one: one.depth))

    def title(self, chain: str) -> str:
        """Return how a person would name a layer: by an image that has it, else by its chain id."""
        known = self.expected.get(chain)
        names = sorted({self.images.title(image) for image in known.images}) if known else []
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"layer {chain[:12]} of image {names[0]}{more}" if names else f"layer {chain[:12]}"

    def container_of(self, directory: str) -> Container | None:
        """Return the container whose writable layer, or its ``-init``, a directory is."""
        base = directory.removesuffix("-init")
        for record in self.layers.mounts.values():
            if record.mount_id == base:
                return self.containers.get(record.container_id)
        return None

    def mount_parent(self, container_id: str) -> str | None:
        """Return the chain id a container's layer stands on: its image's top; "" for none, ``None`` where unknown."""
        return mount_parent(container_id, self.images, self.layers, self.containers)

    def unused_pairs(self) -> tuple[str, ...]:
        """Return the directories X that have an X-init and that no mount record names: containers' lost layers."""
        used = {record.mount_id for record in self.layers.mounts.values() if record.mount_id}
        return tuple(
            name for name in self.layers.directories if f"{name}-init" in self.layers.directories and name not in used
        )

    def mount_candidates(self, container_id: str) -> tuple[str, ...]:
        """Return the unused pairs whose ``lower`` fits a container: those that stand on its image."""
        chain = self.mount_parent(container_id)
        below = self.cache.get(chain) if chain else None
        if below is None or self.lowers.get(below) is None:
            return ()
        wanted = (self.names[below], *(self.lowers[below] or ()))
        return tuple(name for name in self.unused_pairs() if self.layers.directories[f"{name}-init"].lower == wanted)

    def free_directories(self) -> tuple[str, ...]:
        """Return the directories that may belong to a layer whose record lost its cache id."""
        taken = set(self.cache.values())
        mounted = {record.mount_id for record in self.layers.mounts.values()}
        return tuple(
            name
            for name, found in self.layers.directories.items()
            if DIRECTORY_NAME.fullmatch(name)
            and found.has_diff
            and name not in taken
            and name not in mounted
            and f"{name}-init" not in self.layers.directories
        )

    def is_cache_id_good(self, chain: str) -> bool:
        """Whether the record of a layer names a directory that exists and is its alone."""
        return chain in self.cache


def mount_parent(container_id: str, images: Images, layers: Layers, containers: Containers) -> str | None:
    """Return the chain id that a container's layer stands on, by its image, else by its mount record."""
    container = containers.get(container_id)
    config = images.config(container.image_id) if container is not None else None
    if config is not None:
        return config.top
    record = layers.mounts.get(container_id)
    if record is None or record.parent is None or not _DIGEST.fullmatch(record.parent):
        return None
    return record.parent.removeprefix("sha256:")


def is_digest(text: str | None) -> bool:
    """Whether a record's text is a sha256 digest."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def is_mount_whole(record: MountRecord) -> bool:
    """Whether a mount record names its directories as the engine needs it (moby layer/filestore.go, GetMountID)."""
    mount, init = record.mount_id, record.init_id
    return bool(mount) and DIRECTORY_NAME.fullmatch(mount or "") is not None and init in {None, f"{mount}-init"}
