"""The records of overlay2's layers on disk, without any judgement.

Layout: moby layer/filestore.go (``image/overlay2/layerdb``) and daemon/graphdriver/overlay2/overlay.go (``overlay2``).
"""

import re

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join

# The engine's names have 64 hex digits, BuildKit's 25 characters (base 36).
DIRECTORY_NAME = re.compile(r"[0-9a-f]{64}|[a-z0-9]{25}")


class LayerRecord(Struct, frozen=True, kw_only=True):
    """One directory of ``layerdb/sha256``. Texts are stripped like in Go; ``None`` means that the file does not exist.

    Attributes:
        chain: the directory's name, 64 hex digits.
        diff: the layer's diff ID.
        parent: chain ID of the layer below, with "sha256:".
        cache_id: name of its layer directory.
        size: size in bytes, decimal.
        tar_split_bytes: size of tar-split.json.gz, -1 if it is missing or not a file.
        is_split_truncated: whether that file has no valid gzip header or trailer: it is truncated, or was not written to disk.
    """

    chain: str
    diff: str | None
    parent: str | None
    cache_id: str | None
    size: str | None
    tar_split_bytes: int
    is_split_truncated: bool = False

    @property
    def is_hollow(self) -> bool:
        """Whether neither ``diff`` nor ``cache-id`` exists, as after an interrupted pull."""
        return self.diff is None and self.cache_id is None

    @property
    def lacks_split(self) -> bool:
        """Whether the tar-split is missing, empty, or truncated."""
        return self.tar_split_bytes <= 0 or self.is_split_truncated


class LayerDirectory(Struct, frozen=True, kw_only=True):
    """One directory of ``overlay2``.

    Attributes:
        id: its name: 64 hex digits, ``…-init`` for an init layer of a container, 25 characters of BuildKit.
        link: content of ``link``, ``None`` if it does not exist.
        lower: names in ``lower`` without "l/", nearest parent first; ``None`` if it does not exist.
        has_diff: whether ``diff`` is a directory; likewise ``has_work``, ``has_merged``.
        committed: kind letter of the marker ``committed``, "" for none: the engine never mounts a committed layer writable.
    """

    id: str
    link: str | None
    lower: tuple[str, ...] | None
    has_diff: bool
    has_work: bool
    has_merged: bool
    committed: str


class MountRecord(Struct, frozen=True, kw_only=True):
    """One directory of ``layerdb/mounts``: the layer directories of a container. ``None``: no such file."""

    container_id: str
    mount_id: str | None
    init_id: str | None
    parent: str | None

    @property
    def named_by_init(self) -> str:
        """The container's directory from the name of its ``-init``, which is a second copy; "" for none."""
        name = (self.init_id or "").removesuffix(docker.INIT_SUFFIX)
        return name if name != self.init_id and DIRECTORY_NAME.fullmatch(name) else ""


class Layers(Struct, frozen=True, kw_only=True):
    """All records of overlay2's layers.

    Attributes:
        records: ``layerdb/sha256`` by chain ID.
        removing: names ``CHAIN-NUMBER-removing`` → their cache ID ("" if it can't be read).
        unfinished: names in ``layerdb/tmp``.
        mounts: ``layerdb/mounts`` by container id.
        directories: ``overlay2`` by name, except ``l``.
        links: ``overlay2/l``: name → target of the link, "" if it is not a link.
        link_directory: kind letter of ``overlay2/l``, "" for nothing.
        store: the image store with the records; ``overlay2`` the directory of the layer directories.
        gaps: what could not be examined.
    """

    records: dict[str, LayerRecord]
    removing: dict[str, str]
    unfinished: tuple[str, ...]
    mounts: dict[str, MountRecord]
    directories: dict[str, LayerDirectory]
    links: dict[str, str]
    link_directory: str
    store: HostPath
    overlay2: HostPath
    gaps: tuple[Missing, ...] = ()

    def unused_pairs(self) -> tuple[str, ...]:
        """Return the directories X that have an X-init and that no mount record names: lost layers of containers."""
        used = {name for record in self.mounts.values() for name in (record.mount_id, record.named_by_init)}
        return tuple(
            name for name in self.directories if docker.init_layer(name) in self.directories and name not in used
        )

    def record_path(self, chain: str, file: str = "") -> HostPath:
        """Return the path of a layer record, or of a file in it."""
        path = join(self.store, docker.LAYER_RECORDS, chain)
        return join(path, file) if file else path

    def mount_path(self, container_id: str, file: str = "") -> HostPath:
        """Return the path of a mount record, or of a file in it."""
        path = join(self.store, docker.MOUNT_RECORDS, container_id)
        return join(path, file) if file else path

    def unfinished_path(self, name: str) -> HostPath:
        """Return the directory of a record that was being written."""
        return join(self.store, docker.UNFINISHED_RECORDS, name)

    def directory_path(self, identity: str, file: str = "") -> HostPath:
        """Return the path of a layer directory, or of an entry in it."""
        path = join(self.overlay2, identity)
        return join(path, file) if file else path

    def diff_path(self, identity: str) -> HostPath:
        """Return the directory with a layer's files."""
        return join(self.overlay2, identity, docker.DIFF)

    def split_path(self, chain: str) -> HostPath:
        """Return the tar-split file of a layer."""
        return join(self.store, docker.LAYER_RECORDS, chain, docker.TAR_SPLIT)

    def link_path(self, name: str) -> HostPath:
        """Return the path of a short link."""
        return join(self.overlay2, docker.SHORT_LINKS, name)
