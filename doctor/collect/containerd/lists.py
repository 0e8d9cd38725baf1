"""Reads the lists in containerd's databases, and checks that the listed files exist. Of contents only small documents are read.

Layout: containerd core/metadata/buckets.go, core/snapshots/storage/bolt.go (unchanged since 1.2). Numbers are varints, those of
``meta.db`` signed (Go's ``binary.PutVarint``).
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.lists import (
    VIEW,
    BlobProblem,
    ContainerdLayer,
    ContainerdList,
    ContainerdLists,
    ContainerdSnapshot,
    ImageParts,
    NamedImage,
)
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.databases.databases import ContainerdDatabase, ServiceDatabase
from doctor.formats.databases.bolt import MAX_BYTES, Bucket, read
from doctor.formats.images.oci_digest import chain_ids, is_hex64
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.rebuild.containerd.age import ahead_of

DOCUMENT_BYTES = 4 << 20
"""The largest manifest that registries accept."""

_MAX_DEPTH = 4
_MAX_CHILDREN = 1000
_TRIES = 3


@collector
def containerd_lists(
    host: Host, stores: ContainerdStores, own: ContainerdDatabase | Missing, service: ServiceDatabase | Missing
) -> ContainerdLists:
    """Return the lists of each store with images and a readable ``meta.db``."""
    gaps: list[Missing] = []
    items = []
    for store in stores.items:
        if not store.contents.beside or store.contents.is_lost:
            continue
        files = [one.file for one in (own, service) if not isinstance(one, Missing)]
        known = next((one.root for one in files if one.path == store.contents.path and not one.is_broken), None)
        try:
            items.append(_steady(host, store.top, known))
        except (HostError, FormatError) as error:
            # A corrupt list is reported by another check; an unreadable one makes the scan incomplete.
            if isinstance(error, HostError) and not error.is_absent:
                gaps.append(error.missing)
    return ContainerdLists(items=tuple(items), gaps=tuple(gaps))


def _steady(host: Host, top: HostPath, known: Bucket | None) -> ContainerdList:
    """Read again if something seems missing on a running host: it may have been removed between two reads."""
    found = _list(host, top, known if known is not None else tree_of(host, join(top, containerd.METADATA_DATABASE)))
    for _ in range(_TRIES - 1 if host.is_live() else 0):
        if not found.blobs and not found.lost and not found.ahead and not found.snapshotter_problem:
            break
        again = _list(host, top, tree_of(host, join(top, containerd.METADATA_DATABASE)))
        # A snapshot created between the reads of both lists is in the second result.
        again = replace(again, ahead=tuple(name for name in again.ahead if name in found.ahead))
        if _doubts(again) == _doubts(found):
            break
        found = again
    return found


def _doubts(found: ContainerdList) -> tuple[Any, ...]:
    return found.blobs, found.lost, found.ahead, found.snapshotter_problem


def tree_of(host: Host, path: HostPath) -> Bucket:
    """Return the newest valid tree of a bolt file. Raises ``HostError``, ``FormatError``."""
    best = read(host.read(path, follow=False, limit_bytes=MAX_BYTES)).best
    if best is None:
        raise FormatError("it has no valid tree", where=path)
    return best.root


def _list(host: Host, top: HostPath, tree: Bucket) -> ContainerdList:
    images, sizes = images_of(tree), sizes_of(tree)
    found = ContainerdList(top=top, images=images, sizes=sizes, snapshots={})
    snapshots, problem, is_repairable = _snapshotter(host, found.snapshotter)
    found = replace(found, snapshots=snapshots, snapshotter_problem=problem, snapshotter_repairable=is_repairable)
    lost = tuple(name for name, one in snapshots.items() if one.kind != VIEW and not _has_tree(host, found, one))
    blobs = tuple(_problems(host, join(top, containerd.BLOBS), sizes))
    found = replace(found, blobs=blobs, lost=lost, ahead=ahead_of(tree, snapshots))
    return with_parts(host, found) if found.blobs or lost else found


def _snapshotter(host: Host, path: HostPath) -> tuple[dict[str, ContainerdSnapshot], str, bool]:
    """Return the snapshotter's records, the problem of its database, and whether one of its generations is valid.

    A missing or empty one is reported by another check: containerd then creates a new one.
    """
    try:
        data = host.read(path, follow=False, limit_bytes=MAX_BYTES)
        database = read(data)
    except HostError:
        return {}, "", False
    except FormatError as error:
        return {}, str(error), False
    best = database.best
    problem = ""
    if not database.is_sound:
        newest = database.generations[0]
        problem = newest.errors[0] if newest.errors else newest.freelist_error
    return ({} if best is None else snapshots_of(best.root)), problem, best is not None


def with_parts(host: Host, found: ContainerdList) -> ContainerdList:
    """Return the lists with the parts of each image, from its documents."""
    targets = sorted({image.target for image in found.images})
    known: dict[str, dict[str, Any] | None] = {}
    blobs = join(found.top, containerd.BLOBS)
    return replace(found, parts={target: _parts(host, blobs, target, found.sizes, known) for target in targets})


def images_of(tree: Bucket) -> tuple[NamedImage, ...]:
    """Return the image records of all namespaces that name a sha256 digest."""
    found = []
    for space, bucket in _spaces(tree):
        images = bucket.at("images")
        for name, image in (images.buckets if images is not None else {}).items():
            target = image.at("target")
            digits = _digits(_text(target.keys.get(b"digest", b""))) if target is not None else ""
            if digits and target is not None:
                found.append(NamedImage(namespace=space, name=_text(name), target=digits))
    return tuple(found)


def sizes_of(tree: Bucket) -> dict[str, int]:
    """Return the size of each content in any namespace."""
    sizes: dict[str, int] = {}
    for _, bucket in _spaces(tree):
        blobs = bucket.at("content", "blob")
        for digest, blob in (blobs.buckets if blobs is not None else {}).items():
            digits, size = _digits(_text(digest)), _signed(blob.keys.get(b"size", b""))
            if digits and size is not None:
                sizes[digits] = size
    return sizes


def snapshots_of(tree: Bucket) -> dict[str, ContainerdSnapshot]:
    """Return the snapshotter's records by name: "NAMESPACE/NUMBER/KEY"."""
    bucket = tree.at("v1", "snapshots")
    found = {}
    for raw, record in (bucket.buckets if bucket is not None else {}).items():
        name = _text(raw)
        number = _unsigned(record.keys.get(b"id", b""))
        kind = record.keys.get(b"kind", b"")[:1]
        parts = name.split("/", 2)
        if number and kind and len(parts) == 3:
            found[name] = ContainerdSnapshot(
                name=name, key=parts[2], id=number, kind=kind[0], parent=_text(record.keys.get(b"parent", b""))
            )
    return found


def _spaces(tree: Bucket) -> Iterator[tuple[str, Bucket]]:
    version = tree.at("v1")
    for name, bucket in (version.buckets if version is not None else {}).items():
        yield _text(name), bucket


def _problems(host: Host, blobs: HostPath, sizes: dict[str, int]) -> Iterator[BlobProblem]:
    for digits, size in sorted(sizes.items()):
        try:
            found = host.lstat(join(blobs, digits), follow=False)
        except HostError as error:
            if error.is_absent:
                yield BlobProblem(digits=digits, why="it is missing", size=size)
            continue
        if found.kind != "f":
            yield BlobProblem(digits=digits, why="it is not a regular file", size=size)
        elif found.size != size:
            yield BlobProblem(digits=digits, why=f"it has {found.size} bytes instead of {size}", size=size)


def _has_tree(host: Host, known: ContainerdList, snapshot: ContainerdSnapshot) -> bool:
    try:
        return host.lstat(known.tree_path(snapshot), follow=False).kind == "d"
    except HostError as error:
        return not error.is_absent


def _parts(
    host: Host, blobs: HostPath, target: str, sizes: dict[str, int], known: dict[str, dict[str, Any] | None]
) -> ImageParts:
    """Follow an image's document to its configs and layers. Unlisted contents were never pulled and are left out."""
    needed: dict[str, None] = {}
    layers: list[ContainerdLayer] = []
    waiting = [(target, 0)]
    while waiting and len(needed) < _MAX_CHILDREN:
        digits, depth = waiting.pop()
        if digits in needed or digits not in sizes or depth > _MAX_DEPTH:
            continue
        needed[digits] = None
        document = _document(host, blobs, digits, known)
        if document is None:
            continue
        if isinstance(document.get("manifests"), list):
            waiting += [(child, depth + 1) for child in _children(document["manifests"])]
            continue
        own = [child for child in _children(document.get("layers")) if child in sizes]
        config = next(iter(_children([document.get("config")])), "")
        for child in (config, *own):
            if child in sizes:
                needed[child] = None
        described = _document(host, blobs, config, known) if config in sizes else None
        if described is not None:
            layers += _layers(described, _children(document.get("layers")))
    return ImageParts(blobs=tuple(needed), layers=tuple(layers))


def _layers(config: dict[str, Any], blobs: list[str]) -> Iterator[ContainerdLayer]:
    rootfs = config.get("rootfs")
    diffs = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diffs, list) or len(diffs) != len(blobs) or not all(isinstance(one, str) for one in diffs):
        return
    try:
        chains = chain_ids(diffs)
    except FormatError:
        return
    for chain, diff, blob in zip(chains, diffs, blobs, strict=True):
        yield ContainerdLayer(chain=chain.partition(":")[2], diff=diff, blob=blob)


def _document(
    host: Host, blobs: HostPath, digits: str, known: dict[str, dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Return a manifest, index or config with a valid digest; images share them, so each is read once."""
    if digits not in known:
        try:
            content = host.read(join(blobs, digits), follow=False, limit_bytes=DOCUMENT_BYTES)
            known[digits] = load_object(content) if sha256(content).hexdigest() == digits else None
        except (HostError, FormatError):
            known[digits] = None
    return known[digits]


def _children(value: Any) -> list[str]:
    """Return the digits of a list of descriptors; "" for an invalid one, so that positions are kept."""
    found = value[:_MAX_CHILDREN] if isinstance(value, list) else []
    return [_digits(one.get("digest")) if isinstance(one, dict) else "" for one in found]


def _digits(digest: Any) -> str:
    digits = digest[7:] if isinstance(digest, str) and digest.startswith("sha256:") else ""
    return digits if is_hex64(digits) else ""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _unsigned(raw: bytes) -> int:
    value = 0
    for position, byte in enumerate(raw[:10]):
        value |= (byte & 0x7F) << 7 * position
    return value


def _signed(raw: bytes) -> int | None:
    value = _unsigned(raw)
    return (value >> 1) if raw and not value & 1 else None
