"""The layer graph: images, their chains, records, directories, links, mounts and containers, and where they disagree.

Everything that follows from something else is computed here: chain IDs and parents from image configs, a layer's ``lower``
from its ancestors, a link's name from whatever still tells it. A check is a disagreement between that and the disk.
"""

import re

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.images.images import Images
from doctor.facts.layers.links import derived_name
from doctor.facts.layers.records import DIRECTORY_NAME, LayerDirectory, LayerRecord, Layers
from doctor.model.missing import Missing

LINK_NAME = re.compile(r"[A-Z2-7]{26}")
EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
"""The diff ID of a layer without any entry: a tar of 1,024 zero bytes."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Expected(Struct, frozen=True, kw_only=True):
    """What a layer's record must say, computed from image configs or proven by the record itself.

    Attributes:
        chain: 64 hex digits.
        diff: digest of its tar.
        parent: chain ID of the layer below without "sha256:", "" for the first.
        depth: how many layers lie below.
        images: ids of the images that have this layer; empty where only the record itself proves it.
    """

    chain: str
    diff: str
    parent: str
    depth: int
    images: tuple[str, ...]


class LayerGraph(Struct, frozen=True, kw_only=True):
    """The whole graph of an overlay2 root, each edge with what the disk says of it.

    Attributes:
        images: the image store.
        layers: the records as they lie there.
        containers: containers by their files; empty where there are none.
        expected: by chain ID, for each layer that an image has or that its record proves.
        cache: chain ID → directory, where the record names an existing one that no other record claims.
        snapshots: directory of BuildKit → its parent directory ("" for none); ``None`` if its database can't tell.
        built: chain ID → directory of the layers that BuildKit made, by its own list.
        names: directory → the name that its link has or should have.
        lowers: directory → the names that its ``lower`` should hold; ``None`` if its parent isn't known.
        parents: directory → the directory below it, "" for none; absent where it isn't known.
        referenced: directories that an image, a container or BuildKit needs.
        gaps: what could not be examined.
    """

    images: Images
    layers: Layers
    containers: Containers
    expected: dict[str, Expected]
    cache: dict[str, str]
    snapshots: dict[str, str] | None
    built: dict[str, str]
    names: dict[str, str]
    lowers: dict[str, tuple[str, ...] | None]
    parents: dict[str, str]
    referenced: frozenset[str]
    gaps: tuple[Missing, ...] = ()

    def record(self, chain: str) -> LayerRecord | None:
        """Return the record of a layer, ``None`` if its directory is missing."""
        return self.layers.records.get(chain)

    def directory(self, identity: str) -> LayerDirectory | None:
        """Return a directory of overlay2."""
        return self.layers.directories.get(identity)

    def needed(self) -> tuple[Expected, ...]:
        """Return the layers of the images that can be used, lowest first."""
        return tuple(sorted((one for one in self.expected.values() if one.images), key=lambda one: one.depth))

    def title(self, chain: str) -> str:
        """Return how a person would name a layer: by an image that has it, else by its chain ID."""
        known = self.expected.get(chain)
        names = self.image_titles(known.images) if known else ()
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"layer {chain[:12]} of image {names[0]}{more}" if names else f"layer {chain[:12]}"

    def image_titles(self, identities: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a person calls these images, those with a name first."""
        return tuple(
            sorted((self.images.title(one) for one in identities), key=lambda title: (":" not in title, title))
        )

    def container_of(self, directory: str) -> Container | None:
        """Return the container whose writable layer, or its ``-init``, a directory is."""
        base = directory.removesuffix(docker.INIT_SUFFIX)
        for record in self.layers.mounts.values():
            if record.mount_id == base:
                return self.containers.get(record.container_id)
        return None

    def container_title(self, container_id: str) -> str:
        """Return what a person calls a container: its name, else its short id."""
        found = self.containers.get(container_id)
        return container_id[:12] if found is None else found.title

    def directory_title(self, name: str) -> str:
        """Return what a directory of overlay2 is: a container's layer, an image's, or BuildKit's."""
        container = self.container_of(name)
        if container is not None:
            return (
                f"the layer of container {container.title}"
                if not name.endswith(docker.INIT_SUFFIX)
                else (f"the -init layer of container {container.title}")
            )
        chain = next((chain for chain, directory in self.cache.items() if directory == name), "")
        return self.title(chain) if chain else f"layer directory {name[:12]}"

    def broken_links(self) -> tuple[str, ...]:
        """Return the needed directories whose short name is broken and known, sorted.

        While the place of some layer isn't known, a directory whose name nothing tells is left out: the layers above it may
        tell the name as soon as their places are known.
        """
        is_settled = all(layer.chain in self.cache for layer in self.needed())
        return tuple(
            sorted(
                name
                for name in self.referenced
                if self._is_link_broken(name) and (is_settled or self.names[name] != derived_name(name))
            )
        )

    def _is_link_broken(self, name: str) -> bool:
        right = self.names[name]
        return self.layers.directories[name].link != right or self.layers.links.get(right) != f"../{name}/diff"

    def wrong_lowers(self) -> tuple[str, ...]:
        """Return the needed directories whose ``lower`` is not what follows from the layers below, sorted."""
        is_settled = all(layer.chain in self.cache for layer in self.needed())
        return tuple(
            sorted(
                name
                for name in self.referenced
                if (right := self.lowers[name]) is not None
                and (self.layers.directories[name].lower or ()) != right
                and (is_settled or not self._is_derived_below(name))
            )
        )

    def _is_derived_below(self, name: str) -> bool:
        """Whether a layer below has a made-up name that a later look may correct."""
        here = self.parents.get(name, "")
        for _ in range(len(self.parents)):
            if not here:
                return False
            if self.names[here] == derived_name(here) and self.layers.directories[here].link != self.names[here]:
                return True
            here = self.parents.get(here, "")
        return False

    def mount_parent(self, container_id: str) -> str | None:
        """Return the chain ID a container's layer stands on: its image's top; "" for none, ``None`` if unknown."""
        return mount_parent(container_id, self.images, self.layers, self.containers)

    def mount_candidates(self, container_id: str) -> tuple[str, ...]:
        """Return the unused pairs whose ``lower`` fits a container: those that stand on its image."""
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
        """Return the one directory that can be a container's; "" if none or several can.

        It is the one whose ``-init`` the container's record still names, else the one that stands on its image and fits no
        other container without one.
        """
        if told := self._told_by_init(container_id):
            return told
        candidates = self.mount_candidates(container_id)
        if len(candidates) != 1:
            return ""
        lost = [c.id for c in self.containers.items if c.id != container_id and self.is_mount_lost(c.id)]
        rivals = [other for other in lost if not self._told_by_init(other)]
        return "" if any(candidates[0] in self.mount_candidates(other) for other in rivals) else candidates[0]

    def _told_by_init(self, container_id: str) -> str:
        """Return the directory whose ``-init`` a container's record names, where no other record names it; "" for none."""
        record = self.layers.mounts.get(container_id)
        told = record.named_by_init if record is not None else ""
        others = (other.mount_id for other in self.layers.mounts.values() if other is not record)
        return told if told in self.layers.directories and told not in others else ""

    def is_mount_lost(self, container_id: str) -> bool:
        """Whether nothing tells which directory is a container's, or what tells it names one that isn't there."""
        record = self.layers.mounts.get(container_id)
        name = record.mount_id if record is not None else None
        return not name or not DIRECTORY_NAME.fullmatch(name)

    def damaged_mount(self, container_id: str) -> dict[str, str]:
        """Return name → what is wrong of a container's mount record; empty for a sound one."""
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
            and docker.init_layer(name) not in self.layers.directories
        )

    def damaged_files(self, layer: Expected) -> dict[str, str]:
        """Return name → what is wrong of a layer's record, without what other checks judge; empty for a sound one.

        A ``parent`` that is missing or another digest, and a ``cache-id`` whose directory is missing, are other problems.
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
            damaged[docker.CACHE_ID] = f"{record.cache_id[:12]}… is the directory of another layer too"
        if not is_size(record.size):
            damaged[docker.LAYER_SIZE] = shown(record.size)
        return damaged


def mount_parent(container_id: str, images: Images, layers: Layers, containers: Containers) -> str | None:
    """Return the chain ID that a container's layer stands on, by its image, else by its mount record."""
    container = containers.get(container_id)
    config = images.config(container.image_id) if container is not None else None
    if config is not None:
        return config.top
    record = layers.mounts.get(container_id)
    if record is None or record.parent is None or not _DIGEST.fullmatch(record.parent):
        return None
    return record.parent.removeprefix("sha256:")


def shown(text: str | None) -> str:
    """Return a record's text for evidence: what is missing or empty by name, the rest cut and printable."""
    if text is None:
        return "no such file"
    if not text.strip("\0 \n"):
        return "it is empty" if not text else f"{len(text)} NUL bytes"
    return repr(text[:80])


def is_digest(text: str | None) -> bool:
    """Whether a record's text is a sha256 digest."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def is_size(text: str | None) -> bool:
    """Whether a record's size is a number as Go parses it."""
    return text is not None and text.isascii() and text.isdigit() and len(text) < 19
