"""The layer graph: images, chains, records, directories, links, mounts and containers, and their contradictions.

Everything that can be derived is computed here: chain IDs and parents from image configs, the ``lower`` of a layer from its
ancestors, the name of a link from its remaining copies. A check reports a difference between that and the disk.
"""

import re

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.images.images import Images
from doctor.facts.layers.records import DIRECTORY_NAME, LayerDirectory, LayerRecord, Layers
from doctor.facts.layers.short_links import derived_name
from doctor.model.missing import Missing

LINK_NAME = re.compile(r"[A-Z2-7]{26}")
EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
"""The diff ID of an empty layer: a tar of 1,024 zero bytes."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class ExpectedLayer(Struct, frozen=True, kw_only=True):
    """The right content of a layer record, computed from image configs or proven by the record itself.

    Attributes:
        chain: 64 hex digits.
        diff: its diff ID.
        parent: chain ID of the layer below without "sha256:", "" for the first.
        depth: number of layers below.
        images: ids of the images that have this layer; empty if only the record itself proves it.
    """

    chain: str
    diff: str
    parent: str
    depth: int
    images: tuple[str, ...]


class LayerGraph(Struct, frozen=True, kw_only=True):
    """The whole graph of an overlay2 root: expected and actual edges.

    Attributes:
        images: the image store.
        layers: the records on disk.
        containers: containers from their files; empty if there are none.
        expected: by chain ID, for each layer of an image, or proven by its record.
        cache: chain ID → directory, if the record names an existing one that no other record names.
        snapshots: directory of BuildKit → its parent directory ("" for none); ``None`` if its database can't be read.
        built: chain ID → directory of the layers in BuildKit's own list.
        names: directory → the name that its short link has or should have.
        lowers: directory → the right names of its ``lower``; ``None`` if its parent is unknown.
        parents: directory → the directory below it, "" for none; absent if unknown.
        referenced: directories that an image, a container or BuildKit needs.
        gaps: what could not be examined.
    """

    images: Images
    layers: Layers
    containers: Containers
    expected: dict[str, ExpectedLayer]
    cache: dict[str, str]
    snapshots: dict[str, str] | None
    built: dict[str, str]
    names: dict[str, str]
    lowers: dict[str, tuple[str, ...] | None]
    parents: dict[str, str]
    referenced: frozenset[str]
    gaps: tuple[Missing, ...] = ()

    def record(self, chain: str) -> LayerRecord | None:
        """Return the record of a layer, ``None`` if it is missing."""
        return self.layers.records.get(chain)

    def directory(self, identity: str) -> LayerDirectory | None:
        """Return a layer directory."""
        return self.layers.directories.get(identity)

    def needed(self) -> tuple[ExpectedLayer, ...]:
        """Return the layers of the usable images, lowest first."""
        return tuple(sorted((one for one in self.expected.values() if one.images), key=lambda one: one.depth))

    def title(self, chain: str) -> str:
        """Return the name of a layer for display: by an image that has it, else by its chain ID."""
        known = self.expected.get(chain)
        names = self.image_titles(known.images) if known else ()
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"layer {chain[:12]} of image {names[0]}{more}" if names else f"layer {chain[:12]}"

    def image_titles(self, identities: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of these images for display, tagged ones first."""
        return tuple(
            sorted((self.images.title(one) for one in identities), key=lambda title: (":" not in title, title))
        )

    def container_of(self, directory: str) -> Container | None:
        """Return the container that owns a directory: its writable layer, or its ``-init``."""
        base = directory.removesuffix(docker.INIT_SUFFIX)
        for record in self.layers.mounts.values():
            if record.mount_id == base:
                return self.containers.get(record.container_id)
        return None

    def container_title(self, container_id: str) -> str:
        """Return the name of a container, else its short id."""
        found = self.containers.get(container_id)
        return container_id[:12] if found is None else found.title

    def directory_title(self, name: str) -> str:
        """Return the purpose of a layer directory: a container's layer, an image's, or BuildKit's."""
        container = self.container_of(name)
        if container is not None:
            return (
                f"the layer of container {container.title}"
                if not name.endswith(docker.INIT_SUFFIX)
                else (f"the -init layer of container {container.title}")
            )
        chain = next((chain for chain, directory in self.cache.items() if directory == name), "")
        return self.title(chain) if chain else f"layer directory {name[:12]}"

    @property
    def half_removed(self) -> frozenset[str]:
        """The directories of containers whose removal was interrupted: parts of them may be gone already."""
        gone = {one.id for one in self.containers.items if one.state.dead or one.state.removing}
        return frozenset(record.mount_id or "" for key, record in self.layers.mounts.items() if key in gone)

    def broken_links(self) -> tuple[str, ...]:
        """Return the needed directories whose short link is broken and whose right name is known, sorted.

        While the directory of some layer is unknown, a directory without any copy of its name is left out: the layers above it
        may have the name, once their directories are known.
        """
        is_settled = all(layer.chain in self.cache for layer in self.needed())
        return tuple(
            sorted(
                name
                for name in self.referenced - self.half_removed
                if self._is_link_broken(name) and (is_settled or self.names[name] != derived_name(name))
            )
        )

    def _is_link_broken(self, name: str) -> bool:
        right = self.names[name]
        return self.layers.directories[name].link != right or self.layers.links.get(right) != f"../{name}/diff"

    def wrong_lowers(self) -> tuple[str, ...]:
        """Return the needed directories whose ``lower`` does not match the layers below, sorted."""
        is_settled = all(layer.chain in self.cache for layer in self.needed())
        return tuple(
            sorted(
                name
                for name in self.referenced - self.half_removed
                if (right := self.lowers[name]) is not None
                and (self.layers.directories[name].lower or ()) != right
                and (is_settled or not self._is_derived_below(name))
            )
        )

    def _is_derived_below(self, name: str) -> bool:
        """Whether a layer below has a derived name that a later scan may correct."""
        here = self.parents.get(name, "")
        for _ in range(len(self.parents)):
            if not here:
                return False
            if self.names[here] == derived_name(here) and self.layers.directories[here].link != self.names[here]:
                return True
            here = self.parents.get(here, "")
        return False

    def mount_parent(self, container_id: str) -> str | None:
        """Return the chain ID below a container's layer: its image's top layer; "" for none, ``None`` if unknown."""
        return mount_parent(container_id, self.images, self.layers, self.containers)

    def mount_candidates(self, container_id: str) -> tuple[str, ...]:
        """Return the unused pairs whose ``lower`` matches the image of a container."""
        chain = self.mount_parent(container_id)
        below = self.cache.get(chain) if chain else None
        if below is None or self.lowers.get(below) is None:
            return ()
        wanted = (self.names[below], *(self.lowers[below] or ()))
        return tuple(
            name
            for name in self.layers.unused_pairs()
            if self.layers.directories[docker.init_layer(name)].lower == wanted
        )

    def mount_of(self, container_id: str) -> str:
        """Return the only possible directory of a container; "" if there are none or several.

        It is the one whose ``-init`` the mount record names, else the one on its image that matches no other container without
        a directory.
        """
        if named := self._named_by_init(container_id):
            return named
        candidates = self.mount_candidates(container_id)
        if len(candidates) != 1:
            return ""
        lost = [c.id for c in self.containers.items if c.id != container_id and self.is_mount_lost(c.id)]
        rivals = [other for other in lost if not self._named_by_init(other)]
        return "" if any(candidates[0] in self.mount_candidates(other) for other in rivals) else candidates[0]

    def _named_by_init(self, container_id: str) -> str:
        """Return the directory whose ``-init`` is named by the container's mount record and by no other; "" for none."""
        record = self.layers.mounts.get(container_id)
        named = record.named_by_init if record is not None else ""
        others = (other.mount_id for other in self.layers.mounts.values() if other is not record)
        return named if named in self.layers.directories and named not in others else ""

    def is_mount_lost(self, container_id: str) -> bool:
        """Whether the directory of a container is unknown, or is missing on disk."""
        record = self.layers.mounts.get(container_id)
        name = record.mount_id if record is not None else None
        return not name or not DIRECTORY_NAME.fullmatch(name)

    def damaged_mount(self, container_id: str) -> dict[str, str]:
        """Return file → problem of a mount record; empty for a valid one."""
        record = self.layers.mounts.get(container_id)
        if record is None:
            has_parent = self.mount_parent(container_id) != ""
            names = (docker.MOUNT_ID, docker.INIT_ID, *((docker.PARENT,) if has_parent else ()))
            return dict.fromkeys(names, "no such file")
        damaged: dict[str, str] = {}
        lost = self.is_mount_lost(container_id)
        if lost or (record.mount_id not in self.layers.directories and self.mount_of(container_id)):
            damaged[docker.MOUNT_ID] = shown(record.mount_id)
        init = docker.init_layer(record.mount_id)
        if record.init_id is None:
            if lost or init in self.layers.directories:
                damaged[docker.INIT_ID] = shown(None)
        elif lost or record.init_id != init:
            damaged[docker.INIT_ID] = shown(record.init_id)
        parent = self.mount_parent(container_id)
        if parent is not None and record.parent != (f"sha256:{parent}" if parent else None):
            damaged[docker.PARENT] = shown(record.parent)
        return damaged

    def free_directories(self) -> tuple[str, ...]:
        """Return the directories that may belong to a layer without a cache ID in its record."""
        taken = set(self.cache.values())
        mounted = {record.mount_id for record in self.layers.mounts.values()}
        return tuple(
            name
            for name, found in self.layers.directories.items()
            if DIRECTORY_NAME.fullmatch(name)
            and found.has_diff
            and name not in taken
            and name not in mounted
            and docker.init_layer(name) not in self.layers.directories
        )

    def damaged_files(self, layer: ExpectedLayer) -> dict[str, str]:
        """Return file → problem of a layer record, without those of other checks; empty for a valid one.

        A missing or wrong ``parent``, and a ``cache-id`` without a directory, are reported by other checks.
        """
        record = self.layers.records.get(layer.chain)
        if record is None:
            return {}
        damaged: dict[str, str] = {}
        if record.diff != layer.diff:
            damaged[docker.DIFF_ID] = shown(record.diff)
        if record.parent is not None and not is_digest(record.parent):
            damaged[docker.PARENT] = shown(record.parent)
        elif record.is_hollow and record.parent is None and layer.parent:
            damaged[docker.PARENT] = shown(None)
        if record.cache_id is None or not DIRECTORY_NAME.fullmatch(record.cache_id):
            damaged[docker.CACHE_ID] = shown(record.cache_id)
        elif layer.chain not in self.cache and record.cache_id in self.layers.directories:
            damaged[docker.CACHE_ID] = f"{record.cache_id[:12]}… is also the directory of another layer"
        if not is_size(record.size):
            damaged[docker.LAYER_SIZE] = shown(record.size)
        return damaged


def mount_parent(container_id: str, images: Images, layers: Layers, containers: Containers) -> str | None:
    """Return the chain ID below a container's layer, from its image, else from its mount record."""
    container = containers.get(container_id)
    config = images.config(container.image_id) if container is not None else None
    if config is not None:
        return config.top
    record = layers.mounts.get(container_id)
    if record is None or record.parent is None or not _DIGEST.fullmatch(record.parent):
        return None
    return record.parent.removeprefix("sha256:")


def shown(text: str | None) -> str:
    """Return a record's text for evidence: a missing or empty one in words, others shortened and printable."""
    if text is None:
        return "no such file"
    if not text.strip("\0 \n"):
        return "it is empty" if not text else f"{len(text)} NUL bytes"
    import json  # noqa: PLC0415 - a healthy root has nothing to show

    return json.dumps(text[:80], ensure_ascii=False)


def is_digest(text: str | None) -> bool:
    """Whether a record's text is a sha256 digest."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def is_size(text: str | None) -> bool:
    """Whether a record's size is a number that Go can parse."""
    return text is not None and text.isascii() and text.isdigit() and len(text) < 19
