"""Cases of bolt databases and of volumes."""

from typing import Any

from doctor.formats.databases.bolt import read
from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import OPTIONS_FILE, PAGE, ROOT

NETWORK = f"{ROOT}/network/files/local-kv.db"
VOLUMES = f"{ROOT}/volumes/metadata.db"
OPTIONS = f"{ROOT}/volumes/scratch/opts.json"
CACHE = f"{ROOT}/buildkit/cache.db"
CONTAINERD = f"{ROOT}/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db"
CONTAINERD_TOP = f"{ROOT}/containerd/daemon"
SNAPSHOTTER = f"{CONTAINERD_TOP}/io.containerd.snapshotter.v1.overlayfs/metadata.db"
SERVICE = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
ELSEWHERE = "srv/containerd"
"""Where a person keeps the service's images."""
SERVICE_SNAPSHOTTER = "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/metadata.db"
ALL = ("image", "container", "network")


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
        about="the engine ran on the old database: only the failed start of its container tells of the network",
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
        problem="volume-record-corrupt",
        name="refused",
        about="one flipped bit in the record of a volume, which dockerd then skips",
        parts=("image", "volumes"),
        change=lambda tree: flipped(tree, b'"Name":"scratch"', b'"Name":"scratch&', VOLUMES),
        findings=(("volume-record-corrupt", "file", f"/{VOLUMES}"),),
        after={VOLUMES: roots.volume_database()},
    ),
    Recipe(
        problem="volume-record-corrupt",
        name="healthy",
        about="records as the engine writes them",
        parts=("image", "volumes"),
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
        about="the whole network database is garbage; a container tells its network",
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
        problem="volume-db-corrupt",
        name="freelist",
        about="the page of free pages in the volume database is overwritten",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES, broken_freelist(tree.read(VOLUMES))),
        findings=(("volume-db-corrupt", "file", f"/{VOLUMES}"),),
    ),
    Recipe(
        problem="volume-db-corrupt",
        name="garbage",
        about="the whole volume database is garbage; a volume's options are in its opts.json",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES, garbage()),
        findings=(("volume-db-corrupt", "file", f"/{VOLUMES}"),),
    ),
    Recipe(problem="volume-db-corrupt", name="healthy", about="the volume database is whole", parts=("volumes",)),
    Recipe(
        problem="volume-db-missing",
        name="empty",
        about="the volume database has no byte",
        parts=("volumes",),
        change=lambda tree: tree.put(VOLUMES),
        findings=(("volume-db-missing", "file", f"/{VOLUMES}"),),
    ),
    Recipe(
        problem="volume-db-missing",
        name="no-volumes",
        about="a new engine without volumes",
        parts=(),
        change=lambda tree: tree.directory(f"{ROOT}/volumes"),
    ),
    Recipe(
        problem="volume-opts-corrupt",
        name="empty",
        about="one volume's opts.json has no byte and keeps the whole engine down",
        parts=("volumes",),
        change=lambda tree: tree.put(OPTIONS),
        findings=(("volume-opts-corrupt", "volume", "scratch"),),
        after={OPTIONS: OPTIONS_FILE},
    ),
    Recipe(
        problem="volume-opts-corrupt",
        name="not-needed",
        about="a volume without options has an empty opts.json",
        parts=("volumes",),
        change=lambda tree: tree.put(f"{ROOT}/volumes/data/opts.json"),
        findings=(("volume-opts-corrupt", "volume", "data"),),
    ),
    Recipe(problem="volume-opts-corrupt", name="healthy", about="the options can be read", parts=("volumes",)),
    Recipe(
        problem="volume-opts-missing",
        name="deleted",
        about="a volume's opts.json is deleted, so its tmpfs is no longer mounted",
        parts=("volumes",),
        change=lambda tree: tree.remove(OPTIONS),
        findings=(("volume-opts-missing", "volume", "scratch"),),
        after={OPTIONS: OPTIONS_FILE},
    ),
    Recipe(problem="volume-opts-missing", name="healthy", about="the options are there", parts=("volumes",)),
    Recipe(
        problem="volume-dir-missing",
        name="not-mounted",
        about="the directory of a volume is not there, as when its file system is not mounted",
        parts=("volumes",),
        change=lambda tree: tree.remove(f"{ROOT}/volumes/data"),
        findings=(("volume-dir-missing", "volume", "data"),),
        fix="guarded",
    ),
    Recipe(
        problem="volume-dir-missing",
        name="of-another-driver",
        about="a volume of a plugin has no directory",
        parts=("volumes",),
        change=lambda tree: tree.put(
            VOLUMES,
            roots.write(
                roots.Bucket(
                    buckets={
                        b"volumes": roots.Bucket(
                            keys={b"remote": b'{"Name":"remote","Driver":"sshfs","Labels":null,"Options":{"a":"b"}}'}
                        )
                    }
                ),
                page_size=PAGE,
            ),
        ),
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
    Recipe(
        problem="containerd-db-corrupt",
        name="garbage",
        about="the database of the engine's containerd is garbage; images live with a storage driver",
        change=lambda tree: tree.put(CONTAINERD, garbage()),
        findings=(("containerd-db-corrupt", "file", f"/{CONTAINERD}"),),
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="image-store",
        about="the database of the containerd image store is garbage",
        change=lambda tree: (
            tree.put(CONTAINERD, garbage()),
            tree.put(f"{ROOT}/containerd/daemon/io.containerd.content.v1.content/blobs/sha256/{roots.IMAGE}", "x"),
        ),
        findings=(("containerd-db-corrupt", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="absent",
        about="containerd has not made its database yet",
        change=lambda tree: tree.directory(f"{ROOT}/containerd/daemon/io.containerd.metadata.v1.bolt"),
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="service-no-images",
        about="the database of a containerd that is a service is garbage; images live with a storage driver",
        change=lambda tree: tree.put(SERVICE, garbage()),
        findings=(("containerd-db-corrupt", "file", f"/{SERVICE}"),),
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="missing",
        about="the database of the containerd image store was deleted, its contents and snapshots are there",
        parts=(),
        change=lambda tree: (image_store(tree), tree.remove(CONTAINERD)),
        findings=(("containerd-store-db-lost", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="new",
        about="a containerd has already started without its database and made an empty one",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(CONTAINERD, bolt({b"v1": roots.Bucket()}))),
        findings=(("containerd-store-db-lost", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="healthy",
        about="the databases of the containerd image store list what is there",
        parts=(),
        change=image_store,
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="no-image-store",
        about="images live with a storage driver: containerd's database lists only running containers",
        parts=("image",),
        change=lambda tree: (
            tree.put(CONTAINERD, bolt({b"v1": roots.Bucket()})),
            tree.directory(f"{CONTAINERD_TOP}/io.containerd.snapshotter.v1.overlayfs/snapshots"),
            tree.directory(f"{CONTAINERD_TOP}/io.containerd.content.v1.content/blobs/sha256"),
        ),
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="empty",
        about="a power cut left the snapshotter's database without a byte",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(SNAPSHOTTER)),
        findings=(("containerd-snapshot-db-lost", "file", f"/{SNAPSHOTTER}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="of-the-service",
        about="a separate containerd lost its snapshotter's database",
        parts=(),
        change=lambda tree: (image_store(tree, "var/lib/containerd"), tree.remove(SERVICE_SNAPSHOTTER)),
        findings=(("containerd-snapshot-db-lost", "file", f"/{SERVICE_SNAPSHOTTER}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="of-the-service-elsewhere",
        about="the same, where a drop-in of its unit gives it another root",
        parts=(),
        change=lambda tree: (
            image_store(tree, ELSEWHERE),
            tree.remove(f"{ELSEWHERE}/io.containerd.snapshotter.v1.overlayfs/metadata.db"),
            tree.put("usr/lib/systemd/system/containerd.service", "[Service]\nExecStart=/usr/bin/containerd\n"),
            tree.put(
                "etc/systemd/system/containerd.service.d/root.conf",
                f"[Service]\nExecStart=\nExecStart=/usr/bin/containerd --root=/{ELSEWHERE}\n",
            ),
        ),
        findings=(
            (
                "containerd-snapshot-db-lost",
                "file",
                f"/{ELSEWHERE}/io.containerd.snapshotter.v1.overlayfs/metadata.db",
            ),
        ),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="garbage",
        about="a damaged database stops the clean-up too, so nothing is deleted by it: another finding",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(SNAPSHOTTER, garbage())),
        findings=(("containerd-snapshot-db-corrupt", "file", f"/{SNAPSHOTTER}"),),
        fix="manual",
    ),
)
