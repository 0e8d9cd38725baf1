"""Cases of the containerd image store: contents and unpacked snapshots against its lists."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from doctor.formats.databases.bolt import Bucket, read
from doctor.proof.tar.tar_split import read as read_split
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import BASE, CHAIN_BASE, CHAIN_TOP, CONFIG, ROOT, TOP, WEB, Layer, Tree
from tests.cases.state.backups import kept
from tests.cases.state.databases import (
    CONTAINERD,
    CONTAINERD_TOP,
    ELSEWHERE,
    SERVICE,
    SNAPSHOTTER,
    bolt,
    broken_freelist,
    garbage,
)

BLOBS = f"{CONTAINERD_TOP}/io.containerd.content.v1.content/blobs/sha256"
SNAPSHOTS = f"{CONTAINERD_TOP}/io.containerd.snapshotter.v1.overlayfs/snapshots"
_LIST = "io.containerd.metadata.v1.bolt/meta.db"
NAME = b"docker.io/library/app:latest"
CACHED = b"what a build left"


def tar_of(layer: Layer) -> bytes:
    """The tar of a layer."""
    return b"".join(
        part.raw if part.raw is not None else layer.files[part.name.decode()] for part in read_split([layer.tar_split])
    )


def digits(content: bytes | str) -> str:
    """The name of a content."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def _described(content: bytes | str) -> dict[str, Any]:
    return {"digest": f"sha256:{digits(content)}", "size": len(content)}


MANIFEST = json.dumps(
    {"schemaVersion": 2, "config": _described(CONFIG), "layers": [_described(tar_of(BASE)), _described(tar_of(TOP))]},
    separators=(",", ":"),
)
CONTENTS: tuple[bytes, ...] = (MANIFEST.encode(), CONFIG.encode(), tar_of(BASE), tar_of(TOP), CACHED)


def varint(value: int) -> bytes:
    """A number as Go writes it, unsigned."""
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def store(tree: Tree) -> None:
    """An image of two layers, unpacked, a container on it, and a content that no image has."""
    for content in CONTENTS:
        tree.put(f"{BLOBS}/{digits(content)}", content)
    for number, layer in ((1, BASE), (2, TOP)):
        for name, content in layer.files.items():
            tree.put(f"{SNAPSHOTS}/{number}/fs/{name}", content)
    tree.directory(f"{SNAPSHOTS}/3/fs")
    blobs = {
        f"sha256:{digits(content)}".encode(): Bucket(keys={b"size": varint(2 * len(content))}) for content in CONTENTS
    }
    target = Bucket(keys={b"digest": f"sha256:{digits(MANIFEST)}".encode(), b"size": varint(2 * len(MANIFEST))})
    space = Bucket(
        buckets={
            b"content": Bucket(buckets={b"blob": Bucket(buckets=blobs)}),
            b"images": Bucket(buckets={NAME: Bucket(buckets={b"target": target})}),
        }
    )
    tree.put(CONTAINERD, bolt({b"v1": Bucket(buckets={b"moby": space})}))
    records = {}
    above = ""
    for number, key, kind in ((1, f"sha256:{CHAIN_BASE}", 3), (2, f"sha256:{CHAIN_TOP}", 3), (3, WEB, 2)):
        name = f"moby/{number}/{key}"
        keys = {b"id": varint(number), b"kind": varint(kind)} | ({b"parent": above.encode()} if above else {})
        records[name.encode()] = Bucket(keys=keys)
        above = name
    tree.put(SNAPSHOTTER, bolt({b"v1": Bucket(buckets={b"snapshots": Bucket(buckets=records)})}))


def case(problem: str, name: str, about: str, damage: Callable[[Tree], Any], *found: Finding, **more: Any) -> Recipe:
    """A healthy store, then the damage."""

    def change(tree: Tree) -> None:
        store(tree)
        damage(tree)

    return Recipe(problem=problem, name=name, about=about, parts=(), change=change, findings=found, **more)


def content(problem: str, data: bytes | str) -> Finding:
    """A finding about a content."""
    return (problem, "content", digits(data)[:12])


def flip(tree: Tree, data: bytes | str) -> None:
    """Change one bit of a content."""
    path = f"{BLOBS}/{digits(data)}"
    found = bytearray(tree.read(path))
    found[len(found) // 2] ^= 1
    tree.put(path, bytes(found))


def with_a_copy(tree: Tree) -> None:
    """The config is cut off; BuildKit has it whole."""
    tree.put(f"{BLOBS}/{digits(CONFIG)}", CONFIG[:20])
    tree.put(f"{ROOT}/buildkit/content/blobs/sha256/{digits(CONFIG)}", CONFIG)


def tampered(tree: Tree) -> None:
    """A file is another one, a foreign one is there."""
    tree.put(f"{SNAPSHOTS}/1/fs/hello", b"HELLO\n")
    tree.put(f"{SNAPSHOTS}/1/fs/job", b"* * * * *\n")


def without_the_base(tree: Tree) -> None:
    """Neither directory nor content of the lowest layer is there."""
    tree.remove(f"{SNAPSHOTS}/1")
    tree.remove(f"{BLOBS}/{digits(tar_of(BASE))}")


def numbered(tree: Tree, last: int) -> None:
    """The list of images says that it has numbered so many snapshots."""
    best = read(tree.read(CONTAINERD)).best
    assert best is not None
    space = (best.root.at("v1") or Bucket()).buckets[b"moby"]
    space.buckets[b"snapshots"] = Bucket(buckets={b"overlayfs": Bucket(keys={b"x": b""}, sequence=last)})
    tree.put(CONTAINERD, bolt({b"v1": Bucket(buckets={b"moby": space})}))


def elsewhere(tree: Tree, settings: dict[str, str]) -> None:
    """The store is that of a service whose settings name another root; where it usually is, an old one was left."""
    tree.move(CONTAINERD_TOP, ELSEWHERE)
    tree.directory("var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots")
    for path, content in settings.items():
        tree.put(path, content)


def nothing(tree: Tree) -> None:
    """Leave it."""


_HELLO = {f"{SNAPSHOTS}/1/fs/hello": b"hello\n"}
_SNAPSHOT = "containerd-snapshot-missing"

CASES = (
    case(
        "containerd-blob-missing",
        "manifest-gone",
        "the manifest of an image is gone, so the image vanishes",
        lambda tree: tree.remove(f"{BLOBS}/{digits(MANIFEST)}"),
        content("containerd-blob-missing", MANIFEST),
        fix="manual",
    ),
    case(
        "containerd-blob-missing",
        "config-cut",
        "a power cut left the config of an image short; BuildKit has a copy",
        with_a_copy,
        content("containerd-blob-missing", CONFIG),
        after={f"{BLOBS}/{digits(CONFIG)}": CONFIG.encode()},
    ),
    case(
        "containerd-blob-missing",
        "of-no-image",
        "a content of the build cache is gone",
        lambda tree: tree.remove(f"{BLOBS}/{digits(CACHED)}"),
        content("containerd-blob-missing", CACHED),
        fix="manual",
    ),
    case("containerd-blob-missing", "healthy", "each content is there", nothing),
    case(
        "containerd-blob-corrupt",
        "one-bit",
        "one bit of an image's config is another one",
        lambda tree: flip(tree, CONFIG),
        content("containerd-blob-corrupt", CONFIG),
        after={f"{BLOBS}/{digits(CONFIG)}": CONFIG.encode()},
    ),
    case(
        "containerd-blob-corrupt",
        "bytes",
        "some bytes of a layer are other ones, its length is right",
        lambda tree: tree.put(f"{BLOBS}/{digits(tar_of(TOP))}", bytes(len(tar_of(TOP)))),
        content("containerd-blob-corrupt", tar_of(TOP)),
        fix="manual",
    ),
    case("containerd-blob-corrupt", "healthy", "each content has its digest", nothing),
    case(
        _SNAPSHOT,
        "image-layer",
        "the directory of an image's lowest layer is gone; its content is there",
        lambda tree: tree.remove(f"{SNAPSHOTS}/1"),
        (_SNAPSHOT, "snapshot", f"moby/1/sha256:{CHAIN_BASE}"),
        after=_HELLO,
    ),
    case(
        _SNAPSHOT,
        "content-gone-too",
        "the directory and the content of a layer are gone",
        without_the_base,
        (_SNAPSHOT, "snapshot", f"moby/1/sha256:{CHAIN_BASE}"),
        content("containerd-blob-missing", tar_of(BASE)),
        fix="manual",
    ),
    case(
        _SNAPSHOT,
        "of-a-container",
        "the writable layer of a container is gone",
        lambda tree: tree.remove(f"{SNAPSHOTS}/3"),
        (_SNAPSHOT, "snapshot", f"moby/3/{WEB}"),
        fix="manual",
    ),
    case(_SNAPSHOT, "healthy", "each snapshot has its directory", nothing),
    case(
        "containerd-snapshot-altered",
        "tampered",
        "a file of the lowest layer is another one of the same length, and a foreign one is beside it",
        tampered,
        ("containerd-snapshot-altered", "snapshot", f"moby/1/sha256:{CHAIN_BASE}"),
        after=_HELLO,
    ),
    case(
        "containerd-store-db-lost",
        "unlisted",
        "meta.db was deleted; contents, snapshots and the snapshotter's list are whole",
        lambda tree: tree.remove(CONTAINERD),
        ("containerd-store-db-lost", "file", f"/{CONTAINERD}"),
    ),
    case(
        "containerd-db-rolled-back",
        "older-than-a-container",
        "meta.db was put back to before the container's writable layer was made",
        lambda tree: numbered(tree, 2),
        ("containerd-db-rolled-back", "file", f"/{CONTAINERD}"),
    ),
    case(
        "containerd-db-rolled-back",
        "healthy",
        "meta.db has numbered all snapshots, and one that is gone again",
        lambda tree: numbered(tree, 4),
    ),
    case(
        "containerd-db-corrupt",
        "image-store-whole",
        "meta.db of the containerd image store is garbage; contents and snapshots are whole",
        lambda tree: tree.put(CONTAINERD, garbage()),
        ("containerd-db-corrupt", "file", f"/{CONTAINERD}"),
    ),
    case(
        "containerd-db-corrupt",
        "service-image-store",
        "the same of a containerd that is a service of its own",
        lambda tree: (tree.move(CONTAINERD_TOP, "var/lib/containerd"), tree.put(SERVICE, garbage())),
        ("containerd-db-corrupt", "file", f"/{SERVICE}"),
    ),
    case(
        "containerd-db-corrupt",
        "service-elsewhere",
        "the same, where its settings name another root",
        lambda tree: (
            elsewhere(tree, {"etc/containerd/config.toml": f'version = 2\nroot = "/{ELSEWHERE}"  # the big disk\n'}),
            tree.put(f"{ELSEWHERE}/{_LIST}", garbage()),
        ),
        ("containerd-db-corrupt", "file", f"/{ELSEWHERE}/{_LIST}"),
    ),
    case(
        "containerd-store-db-lost",
        "service-elsewhere",
        "meta.db of a service was deleted, whose root a file that its settings import names",
        lambda tree: (
            elsewhere(
                tree,
                {
                    "etc/containerd/config.toml": 'version = 3\nroot = "/nowhere"\nimports = [\n  "conf.d/*.toml",\n]\n',
                    "etc/containerd/conf.d/10-root.toml": f"root = '/{ELSEWHERE}/'\n",
                },
            ),
            tree.remove(f"{ELSEWHERE}/{_LIST}"),
        ),
        ("containerd-store-db-lost", "file", f"/{ELSEWHERE}/{_LIST}"),
    ),
    case(
        "containerd-snapshot-db-corrupt",
        "freelist",
        "the page of free pages in the snapshotter's database is overwritten",
        lambda tree: tree.put(SNAPSHOTTER, broken_freelist(tree.read(SNAPSHOTTER))),
        ("containerd-snapshot-db-corrupt", "file", f"/{SNAPSHOTTER}"),
    ),
    case(
        "containerd-snapshot-db-corrupt",
        "garbage",
        "the snapshotter's database is garbage, and nobody kept it",
        lambda tree: tree.put(SNAPSHOTTER, garbage()),
        ("containerd-snapshot-db-corrupt", "file", f"/{SNAPSHOTTER}"),
        fix="manual",
    ),
    kept(
        "containerd-snapshot-db-corrupt",
        "the snapshotter's database is garbage; a scan kept it",
        lambda tree: tree.put(SNAPSHOTTER, garbage()),
        ("containerd-snapshot-db-corrupt", "file", f"/{SNAPSHOTTER}"),
        before=store,
        parts=("image",),
    ),
    case("containerd-snapshot-db-corrupt", "healthy", "the snapshotter's database is whole", nothing),
    kept(
        "containerd-snapshot-db-lost",
        "a power cut left the snapshotter's database without a byte; a scan kept it",
        lambda tree: tree.put(SNAPSHOTTER),
        ("containerd-snapshot-db-lost", "file", f"/{SNAPSHOTTER}"),
        before=store,
        parts=("image",),
    ),
    case("containerd-snapshot-altered", "healthy", "each unpacked layer is what its content says", nothing),
)
