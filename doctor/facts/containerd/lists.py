"""Images in containerd's two databases: names, contents, snapshots; and which of them are not on disk.

Read only if containerd stores images (dockerd with ``containerd-snapshotter``, or another client of a separate service).
"""

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join

VIEW, ACTIVE, COMMITTED = 1, 2, 3
"""Kinds of snapshot (containerd core/snapshots/snapshotter.go)."""


class NamedImage(Struct, frozen=True, kw_only=True):
    """An image record: namespace, full name, digits of its target's digest, media type of that blob."""

    namespace: str
    name: str
    target: str


class ContainerdSnapshot(Struct, frozen=True, kw_only=True):
    """A record of the snapshotter.

    Attributes:
        name: its key in the snapshotter ("moby/14/sha256:8ad7…").
        key: its client's name for it: a chain ID with "sha256:", a container's id, a name of BuildKit's.
        id: name of its directory.
        kind: ``VIEW``, ``ACTIVE`` or ``COMMITTED``.
        parent: name of the snapshot below it, "" for none.
    """

    name: str
    key: str
    id: int
    kind: int
    parent: str = ""

    @property
    def chain(self) -> str:
        """Digits of the chain ID of its image layer, "" for other snapshots."""
        return self.key[7:] if self.kind == COMMITTED and self.key.startswith("sha256:") else ""


class ContainerdLayer(Struct, frozen=True, kw_only=True):
    """A layer of an image: digits of its chain ID, its diff ID, digits of its blob."""

    chain: str
    diff: str
    blob: str


class ImageParts(Struct, frozen=True, kw_only=True):
    """The contents and layers of an image, as far as its documents could be read.

    Attributes:
        blobs: digits of every content it needs, its own document first; of other platforms only those pulled.
        layers: of all its manifests.
    """

    blobs: tuple[str, ...] = ()
    layers: tuple[ContainerdLayer, ...] = ()


class BlobProblem(Struct, frozen=True, kw_only=True):
    """A missing or corrupt content: its digits, the problem, and its right size in bytes."""

    digits: str
    why: str
    size: int


class ContainerdList(Struct, frozen=True, kw_only=True):
    """One containerd's lists.

    Attributes:
        top: its directory.
        images: the image records.
        sizes: bytes by digits, of every content that ``meta.db`` lists.
        snapshots: the records of the overlayfs snapshotter by name; empty if its database can't be read.
        parts: by digits of an image's target; read only if something is wrong, or with ``--deep``.
        blobs: contents that are missing or have another size.
        lost: names of snapshots whose directory, or its ``fs``, is missing.
        ahead: names of snapshots with a number that ``meta.db`` has not assigned yet: it is older than the snapshotter's list.
        snapshotter_problem: what is wrong with the snapshotter's database, "" for nothing.
        snapshotter_repairable: whether one of its generations is valid.
    """

    top: HostPath
    images: tuple[NamedImage, ...]
    sizes: dict[str, int]
    snapshots: dict[str, ContainerdSnapshot]
    parts: dict[str, ImageParts] = {}
    blobs: tuple[BlobProblem, ...] = ()
    lost: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    snapshotter_problem: str = ""
    snapshotter_repairable: bool = False

    @property
    def snapshotter(self) -> HostPath:
        """Return the snapshotter's database."""
        return join(self.top, containerd.SNAPSHOT_DATABASE)

    def blob_path(self, digits: str) -> HostPath:
        """Return the path of a content."""
        return join(self.top, containerd.blob(digits))

    def tree_path(self, snapshot: ContainerdSnapshot) -> HostPath:
        """Return the directory with a snapshot's own files."""
        return join(self.top, containerd.snapshot_files(snapshot.id))

    def needing(self, digits: str) -> tuple[str, ...]:
        """Return the short names of the images that need a content."""
        return self._names({target for target, parts in self.parts.items() if digits in parts.blobs})

    def having(self, chain: str) -> tuple[str, ...]:
        """Return the names of the images that have a layer."""
        return self._names(
            {target for target, parts in self.parts.items() if any(layer.chain == chain for layer in parts.layers)}
        )

    def _names(self, targets: set[str]) -> tuple[str, ...]:
        return tuple(sorted({short(image.name) for image in self.images if image.target in targets}))

    def layer(self, chain: str) -> ContainerdLayer | None:
        """Return the layer with this chain ID, ``None`` if no image has it."""
        return next((layer for parts in self.parts.values() for layer in parts.layers if layer.chain == chain), None)


class ContainerdLists(Struct, frozen=True, kw_only=True):
    """The lists of the engine's own containerd and of a separate service."""

    items: tuple[ContainerdList, ...]
    gaps: tuple[Missing, ...] = ()

    def at(self, top: HostPath) -> ContainerdList | None:
        """Return the lists of one directory."""
        return next((one for one in self.items if one.top == top), None)


def kept_name(root: DataRoot, top: HostPath) -> str:
    """Return the name of a containerd's directory in the metadata backup; that of a service is outside the data root.

    A backup of one directory is not valid for another: snapshots are numbered from 1 in each.
    """
    if top == root.at(docker.OWN_CONTAINERD):
        return docker.OWN_CONTAINERD
    return "+containerd" + ("" if top == containerd.DEFAULT_ROOT else top.replace("/", "+"))


def short(name: str) -> str:
    """Return the short name of an image.

    >>> short("docker.io/library/app:1"), short("moby-dangling@sha256:0123456789abcdef")
    ('app:1', 'untagged 0123456789ab')
    """
    if name.startswith(docker.DANGLING):
        return f"untagged {name[len(docker.DANGLING) :][:12]}"
    return name.removeprefix("docker.io/").removeprefix("library/")
