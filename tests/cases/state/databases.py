"""Cases of the network database and of BuildKit's, and what databases of cases are made of."""

import json
from typing import Any

from doctor.formats.databases.bolt import read
from doctor.rebuild.network.bridge import bridge_record
from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import PAGE, ROOT

NETWORK = f"{ROOT}/network/files/local-kv.db"
CACHE = f"{ROOT}/buildkit/cache.db"
CONTAINERD = f"{ROOT}/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db"
CONTAINERD_TOP = f"{ROOT}/containerd/daemon"
SNAPSHOTTER = f"{CONTAINERD_TOP}/io.containerd.snapshotter.v1.overlayfs/metadata.db"
SERVICE = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
ELSEWHERE = "srv/containerd"
"""Where a person keeps the service's images."""
SERVICE_SNAPSHOTTER = "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/metadata.db"
ALL = ("image", "container", "network")


DEFAULT_BRIDGE = {"BridgeName": "docker0", "DefaultBridge": True}


def with_orphan() -> bytes:
    """The patient's database with a record of docker0 for a network that was never stored."""
    keys = dict(read(roots.network_database()).generations[0].root.buckets[b"libnetwork"].keys)
    identity = roots.hex_id("default")
    body = json.dumps(
        bridge_record(identity, "172.17.0.1/16") | DEFAULT_BRIDGE, separators=(",", ":"), sort_keys=True
    ).encode()
    keys[b"docker/network/v1.0/bridge/%s/" % identity.encode()] = (5).to_bytes(8, "little") + body
    return bolt({b"libnetwork": roots.Bucket(keys=dict(sorted(keys.items())))})


def garbage(size: int = 3 * PAGE) -> bytes:
    """Bytes without any structure, the same each time."""
    return b"".join(roots.hashlib.sha256(b"%d" % number).digest() for number in range(size // 32))


def broken_freelist(data: bytes) -> bytes:
    """The page of free pages says that it is a leaf."""
    page = read(data).generations[0].meta.freelist * PAGE
    return data[: page + 8] + b"\x02\x00" + data[page + 10 :]


def without_metas(data: bytes) -> bytes:
    """Both meta pages are lost, the records are there."""
    return bytes(2 * PAGE) + data[2 * PAGE :]


def bolt(buckets: dict[bytes, roots.Bucket]) -> bytes:
    """A small database with these buckets."""
    return roots.write(roots.Bucket(buckets=buckets), page_size=PAGE)


def nested(*path: bytes) -> dict[bytes, roots.Bucket]:
    """Buckets in each other, the last one with a record."""
    found = roots.Bucket(keys={b"x": b"1"})
    for name in reversed(path[1:]):
        found = roots.Bucket(buckets={name: found})
    return {path[0]: found}


def image_store(tree: roots.Tree, top: str = CONTAINERD_TOP) -> None:
    """One content and one snapshot of the containerd image store, with the two databases that list them."""
    digest = f"sha256:{roots.IMAGE}".encode()
    tree.put(f"{top}/io.containerd.content.v1.content/blobs/sha256/{roots.IMAGE}", "x")
    tree.directory(f"{top}/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs")
    tree.put(f"{top}/io.containerd.metadata.v1.bolt/meta.db", bolt(nested(b"v1", b"moby", b"content", b"blob", digest)))
    listed = bolt(nested(b"v1", b"snapshots", b"moby/1/sha256:a"))
    tree.put(f"{top}/io.containerd.snapshotter.v1.overlayfs/metadata.db", listed)


def flipped(tree: roots.Tree, old: bytes, new: bytes, path: str = NETWORK) -> None:
    """Bits of one record are flipped."""
    data = tree.read(path)
    assert data.count(old) == 1, old
    tree.put(path, data.replace(old, new))


def rolled_back(tree: roots.Tree, other: str = "later") -> None:
    """The network database is from before the network was made; ``other`` is the one it has."""
    records = dict([roots.network_record(2, other, roots.hex_id(f"network {other} there"))])
    tree.put(NETWORK, bolt({b"libnetwork": roots.Bucket(keys=records)}))


def ended(tree: roots.Tree, host: dict[str, Any], **state: Any) -> None:
    """The same, and the container does not run."""
    rolled_back(tree)
    about = {"Running": False, "Pid": 0, "StartedAt": roots.CREATED, "FinishedAt": roots.CREATED, **state}
    roots.put_container(tree, "web", roots.config_of("web", roots.WEB, State=about), roots.host_config(**host))


CASES = (
    Recipe(
        problem="network-missing",
        name="rolled-back",
        about="the network database was put back to before the network was made in which a container ran",
        parts=ALL,
        change=rolled_back,
        findings=(("network-missing", "network", "mesh"),),
    ),
    Recipe(
        problem="network-missing",
        name="name-taken",
        about="the same, and another network has its name since",
        parts=ALL,
        change=lambda tree: rolled_back(tree, "mesh"),
        findings=(("network-missing", "network", "mesh"),),
        fix="manual",
    ),
    Recipe(
        problem="network-missing",
        name="start-failed",
        about="the engine ran on the old database: only the failed start of its container names the network",
        parts=ALL,
        change=lambda tree: ended(tree, {}, Error=f"network {roots.MESH} not found"),
        findings=(("network-missing", "network", "mesh"),),
        fix="manual",
    ),
    Recipe(
        problem="network-missing",
        name="removed",
        about="a network was removed while the container in it was stopped",
        parts=ALL,
        change=lambda tree: ended(tree, {"RestartPolicy": {"Name": "no"}}),
    ),
    Recipe(
        problem="network-record-corrupt",
        name="refused",
        about="one flipped bit in the record of a network, which dockerd then refuses to decode",
        parts=ALL,
        change=lambda tree: flipped(tree, b'"enableIPv6":false', b'"enableIPv6":famse'),
        findings=(("network-record-corrupt", "file", f"/{NETWORK}"),),
        after={NETWORK: roots.network_database()},
    ),
    Recipe(
        problem="network-record-corrupt",
        name="other-name",
        about="one flipped bit in the name of a network: the engine would start with another network",
        parts=ALL,
        change=lambda tree: flipped(tree, b'"name":"mesh"', b'"name":"mewh"'),
        findings=(("network-record-corrupt", "file", f"/{NETWORK}"),),
        after={NETWORK: roots.network_database()},
    ),
    Recipe(
        problem="network-record-corrupt",
        name="bucket",
        about="one flipped bit in the name of the only bucket: the engine would make an empty one beside it",
        parts=ALL,
        change=lambda tree: flipped(tree, b"libnetwork", b"libnetwnrk"),
        findings=(("network-record-corrupt", "file", f"/{NETWORK}"),),
        after={NETWORK: roots.network_database()},
    ),
    Recipe(
        problem="network-record-corrupt",
        name="healthy",
        about="a network database whose records are as the engine writes them",
        parts=ALL,
    ),
    Recipe(
        problem="bridge-record-orphan",
        name="failed-start",
        about="a start failed after the bridge driver had stored docker0, and the network was never stored",
        parts=ALL,
        change=lambda tree: tree.put(NETWORK, with_orphan()),
        findings=(("bridge-record-orphan", "file", f"/{NETWORK}"),),
        after={NETWORK: roots.network_database()},
    ),
    Recipe(
        problem="bridge-record-orphan",
        name="healthy",
        about="the default bridge has both records",
        parts=ALL,
    ),
    Recipe(
        problem="network-db-corrupt",
        name="freelist",
        about="the page of free pages in the network database is overwritten",
        parts=ALL,
        change=lambda tree: tree.put(NETWORK, broken_freelist(tree.read(NETWORK))),
        findings=(("network-db-corrupt", "file", f"/{NETWORK}"),),
    ),
    Recipe(
        problem="network-db-corrupt",
        name="garbage",
        about="the whole network database is garbage; a container has its network",
        parts=ALL,
        change=lambda tree: tree.put(NETWORK, garbage()),
        findings=(("network-db-corrupt", "file", f"/{NETWORK}"),),
    ),
    Recipe(
        problem="network-db-corrupt",
        name="metas-lost",
        about="both meta pages of the network database are lost, its records are whole",
        parts=ALL,
        change=lambda tree: tree.put(NETWORK, without_metas(tree.read(NETWORK))),
        findings=(("network-db-corrupt", "file", f"/{NETWORK}"),),
    ),
    Recipe(
        problem="network-db-corrupt",
        name="one-meta-lost",
        about="one of the two meta pages is lost, which bolt gets over",
        parts=ALL,
        change=lambda tree: tree.put(NETWORK, bytes(PAGE) + tree.read(NETWORK)[PAGE:]),
    ),
    Recipe(
        problem="network-db-missing",
        name="deleted",
        about="somebody deleted the network database to get the engine up",
        parts=("image", "container"),
        findings=(("network-db-missing", "file", f"/{NETWORK}"),),
    ),
    Recipe(
        problem="network-db-missing",
        name="no-user-network",
        about="the network database is missing and no container is in a network of the user",
        parts=("image",),
    ),
    Recipe(
        problem="buildkit-db-corrupt",
        name="garbage",
        about="one database of the build cache is garbage",
        parts=("image", "buildkit"),
        change=lambda tree: tree.put(CACHE, garbage()),
        findings=(("buildkit-db-corrupt", "directory", f"/{ROOT}/buildkit"),),
    ),
    Recipe(
        problem="buildkit-db-corrupt",
        name="freelist",
        about="the page of free pages in one database of the build cache is overwritten",
        parts=("image", "buildkit"),
        change=lambda tree: tree.put(CACHE, broken_freelist(tree.read(CACHE))),
        findings=(("buildkit-db-corrupt", "directory", f"/{ROOT}/buildkit"),),
    ),
    Recipe(
        problem="buildkit-db-corrupt",
        name="empty-file",
        about="a database of the build cache has no byte: bolt makes a new one",
        parts=("image", "buildkit"),
        change=lambda tree: tree.put(CACHE),
    ),
)
