"""Searches copies of corrupt contents, and unpacks layers again. Collected only when a fixer asks."""

from hashlib import sha256

from doctor.collect.containerd.content import shift_of, task_of
from doctor.collect.containerd.lists import with_parts
from doctor.collect.images.sources import unflip
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.containerd.lists import ContainerdList, ContainerdLists, kept_name
from doctor.facts.containerd.sources import (
    BlobSource,
    BlobSources,
    DeepBlobSources,
    DeepSnapshotSources,
    SnapshotSources,
    Unpacked,
)
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.proof.layer import new_buffer
from doctor.proof.snapshot import unpacked

COPY_BYTES = 4 << 20
"""Larger contents are layers, which have no other copy in packed form."""

_FLIP_BYTES = 16 << 10
"""Size limit for trying all bit flips, which is quadratic in the size."""

_KEPT_BYTES = 192 << 20
"""Limit for all unpacked files of one repair: the plan is held in memory."""


@collector
def blob_sources(host: Host, root: DataRoot | Missing, lists: ContainerdLists) -> BlobSources:
    """Return copies of contents that are missing or have another size."""
    wanted = [(known, problem.digits) for known in lists.items for problem in known.blobs]
    return BlobSources(items=_copies(host, root, lists, wanted))


@collector
def deep_blob_sources(
    host: Host, root: DataRoot | Missing, lists: ContainerdLists, content: ContainerdContent
) -> DeepBlobSources:
    """Return copies of altered contents; for a small one also with its flipped bit corrected."""
    wanted = [(known, digits) for store in content.items if (known := lists.at(store.top)) for digits in store.altered]
    return DeepBlobSources(items=_copies(host, root, lists, wanted))


def _copies(
    host: Host, root: DataRoot | Missing, lists: ContainerdLists, wanted: list[tuple[ContainerdList, str]]
) -> dict[HostPath, BlobSource]:
    found: dict[HostPath, BlobSource] = {}
    for known, digits in wanted:
        if known.sizes[digits] <= COPY_BYTES:
            source = _copy(host, root, lists, known, digits) or _unflipped(host, known, digits)
            if source is not None:
                found[known.blob_path(digits)] = source
    return found


def _copy(
    host: Host, root: DataRoot | Missing, lists: ContainerdLists, known: ContainerdList, digits: str
) -> BlobSource | None:
    """Return a copy with the digest: from the other store, BuildKit's contents, a storage driver's image or the backup."""
    places = [other.blob_path(digits) for other in lists.items if other.top != known.top]
    if not isinstance(root, Missing):
        places.append(root.at(docker.BUILDKIT_BLOBS, digits))
        places.append(root.at(docker.image_config(digits)))
    for path in places:
        try:
            content = host.read(path, follow=False, limit_bytes=COPY_BYTES)
        except HostError:
            continue
        if sha256(content).hexdigest() == digits:
            return BlobSource(content=content, origin=f"its copy {path}")
    return None if isinstance(root, Missing) else _kept(host, root, known, digits)


def _kept(host: Host, root: DataRoot, known: ContainerdList, digits: str) -> BlobSource | None:
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - only for a content without another copy

    try:
        backups = Backups(host, root)
    except HostError:
        return None
    name = f"{kept_name(root, known.top)}/{containerd.blob(digits)}"
    found = backups.find(name, lambda content: sha256(content).hexdigest() == digits)
    return None if found is None else BlobSource(content=found[0], origin=f"the backup {found[2].age}")


def _unflipped(host: Host, known: ContainerdList, digits: str) -> BlobSource | None:
    if known.sizes[digits] > _FLIP_BYTES:
        return None
    try:
        content = host.read(known.blob_path(digits), follow=False, limit_bytes=_FLIP_BYTES)
    except HostError:
        return None
    found = unflip(content, digits) if len(content) == known.sizes[digits] else None
    return None if found is None else BlobSource(content=found, origin="its own content with one flipped bit corrected")


@collector
def snapshot_sources(host: Host, lists: ContainerdLists) -> SnapshotSources:
    """Unpack the layers of image snapshots whose directory is missing."""
    return SnapshotSources(
        items=_unpack(host, [(known, name) for known in lists.items for name in known.lost], is_new=True)
    )


@collector
def deep_snapshot_sources(host: Host, lists: ContainerdLists, content: ContainerdContent) -> DeepSnapshotSources:
    """Read the layers of the snapshots that differ from them."""
    wanted = [(known, name) for store in content.items if (known := lists.at(store.top)) for name in store.looks]
    return DeepSnapshotSources(items=_unpack(host, wanted, is_new=False))


def _unpack(host: Host, wanted: list[tuple[ContainerdList, str]], *, is_new: bool) -> dict[HostPath, Unpacked]:
    items: dict[HostPath, Unpacked] = {}
    full: dict[HostPath, ContainerdList] = {}
    left = _KEPT_BYTES
    buffer = new_buffer()
    for known, name in wanted:
        parts = full.setdefault(known.top, known if known.parts else with_parts(host, known))
        snapshot = known.snapshots[name]
        layer = parts.layer(snapshot.chain) if snapshot.chain else None
        if layer is None:
            continue
        found = unpacked(host, task_of(parts, snapshot, layer, shift_of(host, parts)), is_new=is_new, buffer=buffer)
        left -= sum(len(content) for content in found.contents.values())
        if left < 0:
            found = Unpacked(problem="the repair is too large: run it again for the rest")
        items[known.tree_path(snapshot)] = found
    return items
