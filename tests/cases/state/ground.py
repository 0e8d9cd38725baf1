"""Cases of what the engine's own files stand on: identity, swarm, plugins, volumes' data, attributes, other roots."""

from doctor.formats.crc import crc32c
from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import MOUNT, ROOT, WEB, Tree, hex_id
from tests.cases.state.backups import SWARM, kept
from tests.cases.state.databases import bolt, garbage
from tests.cases.state.engine import PEM

ENGINE_ID = f"{ROOT}/engine-id"
UUID = "79df9557-7c01-4da0-a66a-c0267b6472c6"


CONTAINER = f"{ROOT}/containers/{WEB}"
BOTH = ("image", "container", "network")
IMMUTABLE = 0x10
APPEND_ONLY = 0x20


PLUGIN = f"{ROOT}/plugins/{hex_id('plugin')}/config.json"
PLUGIN_CONFIG = b'{"plugin":{"Name":"vieux/sshfs:latest","Enabled":true}}'
CERTIFICATE = f"{SWARM}/certificates/swarm-node.crt"
KEY = f"{SWARM}/certificates/swarm-node.key"
WAL = f"{SWARM}/raft/wal-v3-encrypted/0000000000000000-0000000000000000.wal"


def frame(kind: int, checksum: int, data: bytes) -> bytes:
    """A record of a raft log, of up to 127 or of 128 to 16383 bytes."""
    length = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 127 | 128, len(data) >> 7])
    number = b""
    while checksum > 127:
        number += bytes([checksum & 127 | 128])
        checksum >>= 7
    body = b"\x08" + bytes([kind]) + b"\x10" + number + bytes([checksum]) + (b"\x1a" + length + data if data else b"")
    padding = -len(body) % 8
    head = (len(body) | (0x80 | padding) << 56 if padding else len(body)).to_bytes(8, "little")
    return head + body + bytes(padding)


def log() -> bytes:
    """A raft log with some records, made longer with zeros as etcd makes it."""
    value, content = 0, frame(4, 0, b"")
    for number, kind in enumerate((1, 5, 2, 2, 2, 3)):
        data = bytes(range(1, 40 + number))
        value = crc32c(data, value)
        content += frame(kind, value, data)
    return content


LOG = log()


def node(tree: Tree) -> None:
    """A manager of a swarm."""
    tree.put(f"{SWARM}/docker-state.json", '{"LocalAddr":"10.0.0.1"}')
    tree.put(f"{SWARM}/state.json", '[{"node_id":"a"}]')
    tree.put(CERTIFICATE, PEM)
    tree.put(KEY, PEM.replace(b"MAA=", b"kek-version: 0\n\nMAA="))
    tree.put(WAL, LOG + bytes(1000))
    tree.put(f"{SWARM}/worker/tasks.db", bolt({b"v1": roots.Bucket()}))


def _uses_volume(tree: Tree) -> None:
    """The container has the volume."""
    point = {"Type": "volume", "Name": "data", "Driver": "local", "Source": "", "Destination": "/data", "RW": True}
    roots.put_container(
        tree, "web", {**roots.config_of("web", WEB), "MountPoints": {"/data": point}}, roots.host_config()
    )


def held(name: str, flags: int = IMMUTABLE) -> dict[str, object]:
    """A file as ``chattr`` leaves it."""
    return {"path": f"/{name}", "flags": flags}


def identity(tree: Tree) -> None:
    """An identity as engines since 24.0 make it."""
    tree.put(ENGINE_ID, UUID)


CASES = (
    kept(
        "engine-id-wrong",
        "one bit of the engine's identity flipped, and what is left is a UUID too",
        lambda tree: tree.put(ENGINE_ID, UUID.replace("79df", "78df")),
        ("engine-id-wrong", "file", f"/{ENGINE_ID}"),
        name="flipped-bit",
        before=identity,
        after={ENGINE_ID: UUID.encode()},
    ),
    kept(
        "engine-id-wrong",
        "the middle of the engine's identity was overwritten by letters that no engine writes",
        lambda tree: tree.put(ENGINE_ID, UUID.replace("7c01-4da0", "!x$%/&()=")),
        ("engine-id-wrong", "file", f"/{ENGINE_ID}"),
        name="no-form",
        before=identity,
        after={ENGINE_ID: UUID.encode()},
    ),
    kept(
        "engine-id-wrong",
        "somebody gave the engine of a cloned machine a new identity",
        lambda tree: tree.put(ENGINE_ID, "11111111-7c01-4da0-a66a-c0267b6472c6"),
        name="another",
        before=identity,
    ),
    Recipe(
        problem="immutable-attribute",
        name="network-database",
        about="somebody made the network database immutable to keep a network from being removed",
        parts=BOTH,
        findings=(("immutable-attribute", "file", f"/{ROOT}/network/files/local-kv.db"),),
        files=(held(f"{ROOT}/network/files/local-kv.db"),),
    ),
    Recipe(
        problem="immutable-attribute",
        name="of-a-container",
        about="a container's directory, its hosts file and its config are immutable or append-only",
        parts=BOTH,
        change=lambda tree: tree.put(f"{CONTAINER}/hosts", "127.0.0.1 localhost\n"),
        findings=tuple(
            ("immutable-attribute", "file", f"/{name}")
            for name in (CONTAINER, f"{CONTAINER}/config.v2.json", f"{CONTAINER}/hosts")
        ),
        files=(
            held(f"{CONTAINER}/hosts"),
            held(f"{CONTAINER}/config.v2.json", APPEND_ONLY),
            held(CONTAINER),
        ),
    ),
    Recipe(
        problem="immutable-attribute",
        name="mount-point",
        about="the empty directory beneath a disk that is not mounted was made immutable on purpose",
        parts=(),
        change=lambda tree: tree.directory(ROOT),
        findings=(("immutable-attribute", "file", f"/{ROOT}"),),
        fix="manual",
        files=(held(ROOT),),
    ),
    Recipe(
        problem="immutable-attribute",
        name="log-and-stranger",
        about="a log that can only grow, and an immutable file in what a container wrote",
        parts=BOTH,
        change=lambda tree: (
            tree.put(f"{CONTAINER}/{WEB}-json.log"),
            tree.put(f"{ROOT}/overlay2/{MOUNT}/diff/kept", "x"),
        ),
        files=(held(f"{CONTAINER}/{WEB}-json.log", APPEND_ONLY), held(f"{ROOT}/overlay2/{MOUNT}/diff/kept")),
    ),
    Recipe(
        problem="volume-data-missing",
        name="used",
        about="the data directory of a volume that a container uses is gone, and that of another is a file",
        parts=("image", "container", "network", "volumes"),
        change=lambda tree: (
            _uses_volume(tree),
            tree.remove(f"{ROOT}/volumes/data/_data"),
            tree.put(f"{ROOT}/volumes/data/.keep"),
            tree.remove(f"{ROOT}/volumes/scratch/_data"),
            tree.put(f"{ROOT}/volumes/scratch/_data", "x"),
        ),
        findings=(("volume-data-missing", "volume", "data"), ("volume-data-missing", "volume", "scratch")),
        fix="manual",
    ),
    Recipe(
        problem="volume-data-missing",
        name="link",
        about="the data of a volume was moved to another disk, and a link leads to it",
        parts=("volumes",),
        change=lambda tree: (
            tree.remove(f"{ROOT}/volumes/data/_data"),
            tree.link(f"{ROOT}/volumes/data/_data", "/mnt/big/data"),
            tree.directory("mnt/big/data"),
        ),
    ),
    Recipe(
        problem="plugin-config-corrupt",
        name="empty",
        about="a power cut left the config of a plugin without a byte",
        parts=(),
        change=lambda tree: tree.put(PLUGIN),
        findings=(("plugin-config-corrupt", "plugin", PLUGIN.split("/")[-2][:12]),),
        fix="manual",
    ),
    kept(
        "plugin-config-corrupt",
        "the config of a plugin is truncated and the backup has it",
        lambda tree: tree.put(PLUGIN, '{"plugin":{"Na'),
        ("plugin-config-corrupt", "plugin", PLUGIN.split("/")[-2][:12]),
        before=lambda tree: tree.put(PLUGIN, PLUGIN_CONFIG),
        after={PLUGIN: PLUGIN_CONFIG},
    ),
    Recipe(
        problem="plugin-config-corrupt",
        name="healthy",
        about="a plugin with its config, the store of plugins and one that is being removed",
        parts=(),
        change=lambda tree: (
            tree.put(PLUGIN, PLUGIN_CONFIG),
            tree.directory(f"{ROOT}/plugins/storage/blobs/sha256"),
            tree.directory(f"{ROOT}/plugins/{hex_id('other plugin')}-removing"),
        ),
    ),
    Recipe(
        problem="swarm-cert-corrupt",
        name="empty",
        about="a power cut left the node's certificate without a byte",
        parts=(),
        change=lambda tree: (node(tree), tree.put(CERTIFICATE)),
        findings=(("swarm-cert-corrupt", "file", f"/{CERTIFICATE}"),),
        fix="manual",
    ),
    kept(
        "swarm-cert-corrupt",
        "the node's key is cut and the backup has it with its certificate",
        lambda tree: tree.put(KEY, PEM[:40]),
        ("swarm-cert-corrupt", "file", f"/{KEY}"),
        before=node,
        after={KEY: PEM.replace(b"MAA=", b"kek-version: 0\n\nMAA=")},
    ),
    Recipe(problem="swarm-cert-corrupt", name="healthy", about="a swarm node", parts=(), change=node),
    Recipe(
        problem="swarm-raft-corrupt",
        name="zeroed-bytes",
        about="64 bytes in the middle of the raft log are zeros",
        parts=(),
        change=lambda tree: (node(tree), tree.put(WAL, LOG[:100] + bytes(64) + LOG[164:])),
        findings=(("swarm-raft-corrupt", "file", f"/{WAL}"),),
        fix="manual",
    ),
    Recipe(
        problem="swarm-raft-corrupt",
        name="tasks",
        about="the list of tasks is noise",
        parts=(),
        change=lambda tree: (node(tree), tree.put(f"{SWARM}/worker/tasks.db", garbage())),
        findings=(("swarm-raft-corrupt", "file", f"/{SWARM}/worker/tasks.db"),),
    ),
    Recipe(
        problem="swarm-raft-corrupt",
        name="torn-end",
        about="the last record of the log was not written whole, which etcd cuts off itself",
        parts=(),
        change=lambda tree: (node(tree), tree.put(WAL, LOG + frame(2, 0, b"x" * 700)[:200] + bytes(2000))),
    ),
    Recipe(
        problem="data-root-elsewhere",
        name="userns-remap",
        about="userns-remap was switched off, and the images are in its directory",
        parts=(),
        change=lambda tree: (
            tree.put(f"{ROOT}/231072.231072/image/overlay2/imagedb/content/sha256/{roots.IMAGE}", "{}"),
            tree.directory(f"{ROOT}/containers"),
        ),
        findings=(("data-root-elsewhere", "directory", f"/{ROOT}/231072.231072"),),
        fix="manual",
    ),
    *(
        Recipe(
            problem="data-root-elsewhere",
            name=name,
            about=about,
            parts=(),
            change=lambda tree, place=place: (
                tree.put(f"{place}/image/overlay2/imagedb/content/sha256/{roots.IMAGE}", "{}"),
                tree.directory(f"{ROOT}/containers"),
            ),
            findings=(("data-root-elsewhere", "directory", f"/{place}"),),
            fix="manual",
        )
        for name, place, about in (
            (
                "snap",
                "var/snap/docker/common/var-lib-docker",
                "the snap's engine has the images, this one an empty root",
            ),
            ("beside", f"{ROOT}.old", "somebody moved the data root aside and started the engine"),
        )
    ),
    Recipe(
        problem="data-root-elsewhere",
        name="other-place",
        about="data-root names a new disk that is empty, and all is in /var/lib/docker",
        change=lambda tree: (
            tree.put("etc/docker/daemon.json", '{"data-root": "/srv/docker"}\n'),
            tree.directory("srv/docker/containers"),
        ),
        findings=(("data-root-elsewhere", "directory", f"/{ROOT}"),),
        fix="manual",
    ),
    kept(
        "data-root-elsewhere",
        "the disk is away: doctor's backup knows a root with an image at this path, and an empty one lies there",
        lambda tree: (tree.remove(ROOT), tree.directory(f"{ROOT}/containers")),
        ("data-root-elsewhere", "directory", f"/{ROOT}"),
        name="disk-away",
        parts=("image",),
        fix="manual",
    ),
    Recipe(
        problem="data-root-elsewhere",
        name="both-used",
        about="data-root was moved for good: the new place holds images, the old one was left as it was",
        files=({"path": "/srv/docker/overlay2", "mode": 0o710}, {"path": "/srv/docker/overlay2/l", "mode": 0o700}),
        change=lambda tree: (
            tree.put("etc/docker/daemon.json", '{"data-root": "/srv/docker"}\n'),
            *(
                tree.put(f"srv/{name.removeprefix('var/lib/')}", content)
                for name, content in list(tree.entries.items())
                if name.startswith(ROOT) and isinstance(content, bytes)
            ),
            *(
                tree.link(f"srv/{name.removeprefix('var/lib/')}", content[1])
                for name, content in list(tree.entries.items())
                if name.startswith(ROOT) and isinstance(content, tuple)
            ),
            *(
                tree.directory(f"srv/{name.removeprefix('var/lib/')}")
                for name, content in list(tree.entries.items())
                if name.startswith(ROOT) and content is None
            ),
        ),
    ),
)
