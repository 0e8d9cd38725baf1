"""Rebuilds containerd's ``meta.db``: old records that are valid, and new ones for unlisted contents and snapshots on
disk.

Layout and labels: containerd metadata/buckets.go, metadata/gc.go ("containerd.io/gc.ref.…" protects the contents that a
content names from garbage collection), leases (kept without an expiry). dockerd names an image without a tag
"moby-dangling@DIGEST" (daemon/containerd/image_builder.go).
"""

from typing import Any

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.containerd.lists import ContainerdSnapshot
from doctor.formats.databases.bolt import Bucket

SPACE = docker.NAMESPACE.encode()
_EPOCH_S = 62_135_596_800
"""Seconds from year 1, where Go counts from, to 1970."""

_SCHEMA = b"\x06"
"""Version 3 of the layout, since containerd 1.2: a newer containerd migrates it."""

_LEASE = b"kept-by-doctor"


class OnDisk(Struct, frozen=True, kw_only=True):
    """Contents of a store.

    Attributes:
        sizes: bytes by digits, of every content file.
        documents: small contents that are JSON objects and have their digest.
        tops: chain id of the topmost layer by digits of an image's config.
        diffs: diff id by digits of a layer's content.
        snapshots: the snapshotter's records.
        names: full image name → digits of its target, from a source other than records ("docker.io/library/app:1").
        containers: ids of the engine's containers.
        now: seconds since 1970.
    """

    sizes: dict[str, int]
    documents: dict[str, dict[str, Any]]
    tops: dict[str, str]
    diffs: dict[str, str]
    snapshots: dict[str, ContainerdSnapshot]
    names: dict[str, str]
    containers: frozenset[str]
    now: float


def pruned(tree: Bucket, disk: OnDisk) -> Bucket:
    """Return the records of a tree for contents that are on disk; records of running containers are omitted, since none
    runs.
    """
    found = Bucket(buckets={b"v1": Bucket()})
    version = tree.at("v1") or Bucket()
    top = found.buckets[b"v1"]
    top.keys = dict(version.keys)
    for space, bucket in version.buckets.items():
        kept = Bucket(keys=dict(bucket.keys), sequence=bucket.sequence)
        for name, inner in bucket.buckets.items():
            if name == b"content":
                kept.buckets[name] = Bucket(buckets={b"blob": _blobs(inner, disk)})
            elif name == b"images":
                kept.buckets[name] = _images(inner, disk)
            elif name == b"snapshots":
                kept.buckets[name] = _snapshots(inner, disk)
            elif name != b"containers":
                kept.buckets[name] = inner
        top.buckets[space] = kept
    return found


def _blobs(content: Bucket, disk: OnDisk) -> Bucket:
    blobs = content.at("blob") or Bucket()
    kept = {name: blob for name, blob in blobs.buckets.items() if _digits(name) in disk.sizes}
    return Bucket(buckets=kept, sequence=blobs.sequence)


def _images(images: Bucket, disk: OnDisk) -> Bucket:
    kept = {
        name: image
        for name, image in images.buckets.items()
        if (target := image.at("target")) is not None and _digits(target.keys.get(b"digest", b"")) in disk.sizes
    }
    return Bucket(buckets=kept, sequence=images.sequence)


def _snapshots(snapshotters: Bucket, disk: OnDisk) -> Bucket:
    kept = Bucket(buckets=dict(snapshotters.buckets))
    bucket = kept.buckets.get(b"overlayfs")
    if bucket is not None:
        names = {name.encode("utf-8", "surrogateescape") for name in disk.snapshots}
        held = {key: one for key, one in bucket.buckets.items() if one.keys.get(b"name") in names}
        kept.buckets[b"overlayfs"] = Bucket(keys=dict(bucket.keys), buckets=held, sequence=bucket.sequence)
    return kept


def union(first: Bucket, second: Bucket) -> Bucket:
    """Return the records of both; the first wins."""
    names = {**second.buckets, **first.buckets}
    return Bucket(
        keys={**second.keys, **first.keys},
        buckets={
            name: union(first.buckets[name], second.buckets[name])
            if name in first.buckets and name in second.buckets
            else bucket
            for name, bucket in names.items()
        },
        sequence=max(first.sequence, second.sequence),
    )


class Completed(Struct, frozen=True, kw_only=True):
    """The whole list, the number of unlisted contents and snapshots, and the number of images that lost their names."""

    tree: Bucket
    contents: int
    snapshots: int
    nameless: int


def completed(tree: Bucket, disk: OnDisk) -> Completed:
    """Add a record for each content and snapshot that no namespace lists, and protect them with a lease."""
    version = tree.buckets.setdefault(b"v1", Bucket())
    version.keys.setdefault(b"version", _SCHEMA)
    listed = {_digits(name) for space in version.buckets.values() for name in _at(space, b"content", b"blob").buckets}
    contents = sorted(disk.sizes.keys() - listed)
    known = {
        one.keys.get(b"name")
        for space in version.buckets.values()
        for one in _at(space, b"snapshots", b"overlayfs").buckets.values()
    }
    snapshots = [one for name, one in sorted(disk.snapshots.items()) if _raw(name) not in known]
    if not contents and not snapshots:
        return Completed(tree=tree, contents=0, snapshots=0, nameless=0)
    space = version.buckets.setdefault(SPACE, Bucket())
    maker = _Maker(disk, space)
    for digits in contents:
        maker.content(digits)
    for one in snapshots:
        maker.snapshot(one)
    nameless = maker.images(set(contents))
    maker.leases(contents, snapshots)
    return Completed(tree=tree, contents=len(contents), snapshots=len(snapshots), nameless=nameless)


class _Maker:
    """Writes records into one namespace."""

    def __init__(self, disk: OnDisk, space: Bucket) -> None:
        self.disk = disk
        self.space = space
        self.times = {key: _time(disk.now) for key in (b"createdat", b"updatedat")}

    def content(self, digits: str) -> None:
        """Record a content, with labels that protect the contents it names."""
        record = Bucket(keys={**self.times, b"size": signed(self.disk.sizes[digits])})
        labels = self._labels(digits)
        if labels:
            record.buckets[b"labels"] = Bucket(keys=labels)
        _make(self.space, b"content", b"blob").buckets[f"sha256:{digits}".encode()] = record
        _make(self.space, b"content", b"ingests")

    def _labels(self, digits: str) -> dict[bytes, bytes]:
        labels: dict[bytes, bytes] = {}
        document = self.disk.documents.get(digits, {})
        children = [child for child in children_of(document) if child in self.disk.sizes]
        for position, child in enumerate(children):
            labels[f"containerd.io/gc.ref.content.{position}".encode()] = f"sha256:{child}".encode()
        top = self.disk.tops.get(digits, "")
        if top and any(one.key == f"sha256:{top}" for one in self.disk.snapshots.values()):
            labels[b"containerd.io/gc.ref.snapshot.overlayfs"] = f"sha256:{top}".encode()
        if digits in self.disk.diffs:
            labels[b"containerd.io/uncompressed"] = self.disk.diffs[digits].encode()
        return labels

    def snapshot(self, one: ContainerdSnapshot) -> None:
        """Record a snapshot, also as a child of its parent."""
        bucket = _make(self.space, b"snapshots", b"overlayfs")
        number = one.name.split("/", 2)[1]
        bucket.sequence = max(bucket.sequence, int(number) if number.isdigit() and len(number) < 18 else 0)
        keys = {**self.times, b"name": _raw(one.name)}
        above = self.disk.snapshots.get(one.parent)
        if above is not None:
            keys[b"parent"] = _raw(above.key)
            _make(bucket, _raw(above.key), b"children").keys[_raw(one.key)] = b""
        record = bucket.buckets.setdefault(_raw(one.key), Bucket())
        record.keys = keys

    def images(self, contents: set[str]) -> int:
        """Record the images without a name; return how many have only their digest as a name."""
        bucket = _make(self.space, b"images")
        named = {_digits(_at(image, b"target").keys.get(b"digest", b"")) for image in bucket.buckets.values()}
        documents = self.disk.documents
        below = {child for one in documents.values() if "manifests" in one for child in children_of(one)}
        nameless = 0
        for name, digits in self.disk.names.items():
            if digits in contents and _raw(name) not in bucket.buckets:
                bucket.buckets[_raw(name)] = self._image(digits)
                named.add(digits)
        for digits in sorted(contents & documents.keys() - named - below):
            if is_image(documents[digits], self.disk):
                bucket.buckets[f"{docker.DANGLING}{digits}".encode()] = self._image(digits)
                nameless += 1
        return nameless

    def _image(self, digits: str) -> Bucket:
        document = self.disk.documents.get(digits, {})
        kind = "index" if "manifests" in document else "manifest"
        media = str(document.get("mediaType") or f"application/vnd.oci.image.{kind}.v1+json")
        target = {
            b"digest": f"sha256:{digits}".encode(),
            b"mediatype": media.encode(),
            b"size": signed(self.disk.sizes[digits]),
        }
        return Bucket(keys=dict(self.times), buckets={b"target": Bucket(keys=target)})

    def leases(self, contents: list[str], snapshots: list[ContainerdSnapshot]) -> None:
        """Protect a container's snapshots by a lease named by its id, as dockerd does, and other unlisted data by a
        separate lease.
        """
        mine = {one.key for one in snapshots}
        for identity in self.disk.containers:
            held = {key for key in (identity, docker.init_layer(identity)) if key in mine}
            if held:
                self._lease(identity.encode(), set(), held)
        self._lease(_LEASE, {f"sha256:{digits}" for digits in contents}, mine)

    def _lease(self, name: bytes, contents: set[str], snapshots: set[str]) -> None:
        lease = _make(self.space, b"leases", name)
        lease.keys.setdefault(b"createdat", self.times[b"createdat"])
        for digest in contents:
            _make(lease, b"content").keys[digest.encode()] = b""
        for key in snapshots:
            _make(lease, b"snapshots", b"overlayfs").keys[_raw(key)] = b""


def children_of(document: dict[str, Any]) -> list[str]:
    """Return the digits that an index or a manifest names, config first."""
    found: list[Any] = [document.get("config")]
    for key in ("manifests", "layers"):
        value = document.get(key)
        found += value if isinstance(value, list) else []
    digests = [one.get("digest") for one in found if isinstance(one, dict)]
    return [one[7:] for one in digests if isinstance(one, str) and one.startswith("sha256:")]


def is_image(document: dict[str, Any], disk: OnDisk) -> bool:
    """Whether an index or a manifest belongs to an image with its layers here, not to a build record or an
    attestation.
    """
    if "manifests" in document:
        inner = [disk.documents[child] for child in children_of(document) if child in disk.documents]
        return any(is_image(one, disk) for one in inner if "manifests" not in one)
    layers = document.get("layers")
    children = children_of(document)
    return isinstance(layers, list) and len(children) > 1 and all(child in disk.diffs for child in children[1:])


def signed(value: int) -> bytes:
    r"""Return a number as Go's ``binary.PutVarint`` writes it.

    >>> signed(238)
    b'\xdc\x03'
    """
    left, found = value << 1, bytearray()
    while left >= 0x80:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def _time(now: float) -> bytes:
    """Return a time as Go's ``Time.MarshalBinary`` writes it, in UTC."""
    return b"\x01" + (int(now) + _EPOCH_S).to_bytes(8, "big") + bytes(4) + b"\xff\xff"


def _at(bucket: Bucket, *path: bytes) -> Bucket:
    for name in path:
        bucket = bucket.buckets.get(name) or Bucket()
    return bucket


def _make(bucket: Bucket, *path: bytes) -> Bucket:
    for name in path:
        bucket = bucket.buckets.setdefault(name, Bucket())
    return bucket


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digits(digest: bytes) -> str:
    return digest.decode("ascii", "replace").removeprefix("sha256:")
