"""Cases of damage that only the metadata backup can repair: each was scanned while it was healthy."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from doctor.formats.images.oci_digest import chain_ids
from doctor.model.root_identity import RootIdentity, sketch
from doctor.state.metadata import (
    BackupGeneration,
    Confirmed,
    KeptLayerRecord,
    KeptMountRecord,
    MetadataFile,
    encode,
    pack,
)
from tests.cases import roots
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import CHAIN_BASE, CHAIN_TOP, IMAGE, ROOT, STORE, TOP, WEB, Tree
from tests.cases.state.engine import PEM
from tests.cases.state.layers import altered_split

STATE = "var/lib/doctor/metadata"
CONTAINER = f"{ROOT}/containers/{WEB}"
NETWORKS = f"{ROOT}/network/files/local-kv.db"
VOLUMES = f"{ROOT}/volumes/metadata.db"
TAGS = f"{STORE}/repositories.json"
SPLIT = f"{STORE}/layerdb/sha256/{CHAIN_TOP}/tar-split.json.gz"
CONTENT = f"{STORE}/imagedb/content/sha256/{IMAGE}"
SWARM = f"{ROOT}/swarm"
_LIST = "00000001-20231114T221320Z.json"
_EXTRA = roots.layer("extra", {})
_OTHER_CONFIG = roots.CONFIG.replace(TOP.diff, _EXTRA.diff)
_OTHER = sha256(_OTHER_CONFIG.encode()).hexdigest()
_OTHER_CHAIN = chain_ids([roots.BASE.diff, _EXTRA.diff])[1].removeprefix("sha256:")
_OTHER_CONTENT = f"{STORE}/imagedb/content/sha256/{_OTHER}"
_MOUNT = f"/{STORE}/layerdb/mounts/{WEB}"
_KEPT = ("repositories.json", "config.v2.json", "hostconfig.json", ".db", "opts.json", "tar-split.json.gz", "engine-id")
_PLUGINS = f"{ROOT}/plugins/"


def keep(tree: Tree) -> None:
    """Put a backup of the tree as it is; nothing is compressed, so that it is the same bytes everywhere."""
    files = {}
    for path, content in list(tree.entries.items()):
        is_wanted = path.endswith(_KEPT) or path in {CONTENT, _OTHER_CONTENT} or path.startswith((SWARM, _PLUGINS))
        if isinstance(content, bytes) and path.startswith(f"{ROOT}/") and "/buildkit/" not in path and is_wanted:
            digest = sha256(content).hexdigest()
            files[path.removeprefix(f"{ROOT}/")] = MetadataFile(len(content), 0, 0, 0o600, 0, 0, digest)
            tree.put(f"{STATE}/blobs/{digest}", pack(content, level=0))
    engine = tree.read(f"{ROOT}/engine-id").decode() if f"{ROOT}/engine-id" in tree.entries else ""
    generation = BackupGeneration(
        number=1,
        taken=1_700_000_000.0,
        identity=RootIdentity(path=f"/{ROOT}", when=1_700_000_000.0, engine_id=engine, names=_random_names(tree)),
        files=files,
        layers={
            chain: KeptLayerRecord(one.diff, parent, one.directory, "6")
            for chain, one, parent in (
                (CHAIN_BASE, roots.BASE, ""),
                (CHAIN_TOP, TOP, f"sha256:{CHAIN_BASE}"),
                (_OTHER_CHAIN, _EXTRA, f"sha256:{CHAIN_BASE}"),
            )
            if f"{STORE}/layerdb/sha256/{chain}/diff" in tree.entries
        },
        mounts={WEB: KeptMountRecord(roots.MOUNT, f"{roots.MOUNT}-init", f"sha256:{CHAIN_TOP}")},
    )
    tree.put(f"{STATE}/{_LIST}", encode(generation))
    if engine:
        told = Confirmed(generation=_LIST, when=1_700_000_000.0, path=f"/{ROOT}", engine_id=engine)
        tree.put(f"{STATE}/confirmed.json", encode(told))


def _random_names(tree: Tree) -> tuple[str, ...]:
    tops = ("overlay2", "containers", "volumes")
    parts = (path.removeprefix(f"{ROOT}/").split("/") for path in tree.entries if path.startswith(f"{ROOT}/"))
    return sketch({one[1][:12] for one in parts if one[0] in tops and len(one) > 1 and len(one[1]) == 64})


def kept(
    problem: str, about: str, damage: Callable[[Tree], Any], *findings: Finding, before: Any = None, **more: Any
) -> Recipe:
    """A case named ``kept``: a healthy root with a backup, then the damage."""

    def change(tree: Tree) -> None:
        if before is not None:
            before(tree)
        keep(tree)
        damage(tree)

    return Recipe(
        problem=problem,
        name=more.pop("name", "kept"),
        about=about,
        change=change,
        findings=findings,
        parts=more.pop("parts", ("image", "container", "network")),
        files=({"path": f"/{STATE}", "mode": 0o700}, *more.pop("files", ())),
        **more,
    )


def _being_made(tree: Tree) -> None:
    for name in (WEB, roots.SNAPSHOT):
        tree.put(f"{STORE}/layerdb/mounts/{name}/mount-id", roots.MOUNT)


def _swarm(tree: Tree) -> None:
    tree.put(f"{SWARM}/docker-state.json", '{"LocalAddr":"10.0.0.1"}')
    tree.put(f"{SWARM}/state.json", '[{"node_id":"a"}]')
    tree.put(f"{SWARM}/certificates/swarm-node.crt", PEM)
    tree.put(f"{SWARM}/certificates/swarm-node.key", PEM)


def _second_mount(tree: Tree) -> None:
    """Another container's layer directory that stands on the same image, and whose record is lost too."""
    below = (TOP.directory, roots.BASE.directory)
    roots.overlay(tree, roots.hex_id("mount stray") + "-init", below)
    roots.overlay(tree, roots.hex_id("mount stray"), (roots.hex_id("mount stray") + "-init", *below), committed=False)


_HEALTHY = roots.build(*roots.PARTS)


def _after(*paths: str) -> dict[str, bytes]:
    return {path: _HEALTHY.read(path) for path in paths}


def _drop_dangling_names(tree: Tree) -> None:
    """The backup also names an image that was removed after it."""
    gone = roots.hex_id("image removed since")
    tree.put(TAGS, roots.tags({"app:latest": IMAGE, "app:two": IMAGE, "old:1": gone}))


def _other_image(tree: Tree) -> None:
    """An image of a layer of its own on the base, as a build leaves it without a name."""
    tree.put(_OTHER_CONTENT, _OTHER_CONFIG)
    roots.record(tree, _OTHER_CHAIN, _EXTRA, CHAIN_BASE)
    roots.overlay(tree, _EXTRA.directory, (roots.BASE.directory,))


def _removed_since(tree: Tree) -> None:
    tree.remove(_OTHER_CONTENT)
    tree.remove(f"{STORE}/layerdb/sha256/{_OTHER_CHAIN}")
    for path in (_EXTRA.directory, f"l/{roots.link_name(_EXTRA.directory)}"):
        tree.remove(f"{ROOT}/overlay2/{path}")
    roots.overlay(tree, roots.hex_id("a pull cut short"), (roots.BASE.directory,))


CASES = (
    kept(
        "repositories-json-corrupt",
        "the names of images are lost, the backup has them, and one of an image that was removed since",
        lambda tree: tree.put(TAGS),
        ("repositories-json-corrupt", "file", f"/{TAGS}"),
        before=_drop_dangling_names,
        after={TAGS: roots.tags({"app:latest": IMAGE, "app:two": IMAGE})},
    ),
    kept(
        "repositories-json-missing",
        "nothing but the backup still knows the names of images",
        lambda tree: tree.remove(TAGS),
        ("repositories-json-missing", "file", f"/{TAGS}"),
        parts=("image",),
        after=_after(TAGS),
    ),
    kept(
        "image-content-corrupt",
        "an image's config is empty and the backup has the bytes of its hash",
        lambda tree: tree.put(CONTENT),
        ("image-content-corrupt", "image", IMAGE[:12]),
        ("tag-dangling", "image", "app:latest"),
        after=_after(CONTENT),
    ),
    kept(
        "image-content-missing",
        "an image's config is deleted and the backup has the bytes of its hash",
        lambda tree: tree.remove(CONTENT),
        ("image-content-missing", "image", IMAGE[:12]),
        ("tag-dangling", "image", "app:latest"),
        after=_after(CONTENT),
    ),
    kept(
        "image-content-missing",
        "an image without a name has lost its config: only the backup knows whose the layer is that nothing needs",
        lambda tree: tree.remove(_OTHER_CONTENT),
        ("image-content-missing", "image", _OTHER[:12]),
        name="kept-by-its-layer",
        before=_other_image,
        parts=("image",),
        after={_OTHER_CONTENT: _OTHER_CONFIG.encode()},
    ),
    kept(
        "image-content-missing",
        "an image that the backup knows was removed, and a pull was cut short: the remaining layer does not belong to it",
        _removed_since,
        ("layer-orphan", "directory", "overlay2"),
        name="removed-since",
        before=_other_image,
        parts=("image",),
    ),
    kept(
        "container-config-corrupt",
        "a container's config is truncated and the backup has it",
        lambda tree: tree.put(f"{CONTAINER}/config.v2.json", tree.read(f"{CONTAINER}/config.v2.json")[:99]),
        ("container-config-corrupt", "container", WEB[:12]),
        after=_after(f"{CONTAINER}/config.v2.json"),
    ),
    kept(
        "container-dir-missing",
        "a container's directory is gone, its layer is there, and the backup has both files",
        lambda tree: tree.remove(CONTAINER),
        ("container-dir-missing", "container", "web"),
        files=({"path": _MOUNT, "mode": 0o755, "mtime": 1_700_000_000},),
        after=_after(f"{CONTAINER}/config.v2.json", f"{CONTAINER}/hostconfig.json"),
    ),
    Recipe(
        problem="container-dir-missing",
        name="not-kept",
        about="a container's directory is gone, and nothing else has its settings",
        parts=("image", "container", "network"),
        change=lambda tree: tree.remove(CONTAINER),
        findings=(("container-dir-missing", "container", WEB[:12]),),
        files=({"path": _MOUNT, "mode": 0o755, "mtime": 1_700_000_000},),
        fix="manual",
    ),
    Recipe(
        problem="container-dir-missing",
        name="being-made",
        about="dockerd has just recorded the layer of a container that it is about to make, and BuildKit one of its own",
        parts=("image",),
        change=_being_made,
        answers="now = 1700000030.0\n",
        files=({"path": _MOUNT, "mode": 0o755, "mtime": 1_700_000_000},),
    ),
    kept(
        "hostconfig-corrupt",
        "a container's host config is NULs and the backup has it whole",
        lambda tree: tree.put(f"{CONTAINER}/hostconfig.json", "\0" * 50),
        ("hostconfig-corrupt", "container", "web"),
        after=_after(f"{CONTAINER}/hostconfig.json"),
    ),
    kept(
        "hostconfig-missing",
        "a container's host config is deleted and the backup has it",
        lambda tree: tree.remove(f"{CONTAINER}/hostconfig.json"),
        ("hostconfig-missing", "container", "web"),
        after=_after(f"{CONTAINER}/hostconfig.json"),
    ),
    kept(
        "container-settings-altered",
        "a bit of a container's host config is flipped and it is still JSON",
        lambda tree: tree.put(
            f"{CONTAINER}/hostconfig.json",
            tree.read(f"{CONTAINER}/hostconfig.json").replace(b"json-file", b"json-fild"),
        ),
        ("container-settings-altered", "file", f"/{CONTAINER}/hostconfig.json"),
        after=_after(f"{CONTAINER}/hostconfig.json"),
        name="flipped",
    ),
    kept(
        "container-settings-altered",
        "a container runs as another process: one digit for another",
        lambda tree: tree.put(
            f"{CONTAINER}/config.v2.json",
            tree.read(f"{CONTAINER}/config.v2.json").replace(b'"Pid":42', b'"Pid":43'),
        ),
        name="counted",
    ),
    kept(
        "layer-mount-corrupt",
        "two layer directories fit a container, and the backup shows which one is its own",
        lambda tree: (_second_mount(tree), tree.put(f"{STORE}/layerdb/mounts/{WEB}/mount-id")),
        ("layer-mount-corrupt", "container", "web"),
        after=_after(f"{STORE}/layerdb/mounts/{WEB}/mount-id"),
    ),
    kept(
        "tar-split-corrupt",
        "a layer's tar-split is empty and the backup has it whole",
        lambda tree: tree.put(SPLIT),
        ("tar-split-corrupt", "layer", CHAIN_TOP[:12]),
        after=_after(SPLIT),
    ),
    kept(
        "tar-split-corrupt",
        "bytes in the middle of a layer's tar-split are others and the backup has it whole",
        lambda tree: tree.put(SPLIT, altered_split()),
        ("tar-split-corrupt", "layer", CHAIN_TOP[:12]),
        name="kept-altered",
        after=_after(SPLIT),
    ),
    kept(
        "layer-metadata-empty",
        "a layer lost its directory's name and its tar-split: only the backup ties them together",
        lambda tree: (tree.put(f"{STORE}/layerdb/sha256/{CHAIN_TOP}/cache-id"), tree.put(SPLIT)),
        ("layer-metadata-empty", "layer", CHAIN_TOP[:12]),
        ("tar-split-corrupt", "layer", CHAIN_TOP[:12]),
        parts=("image",),
        after=_after(f"{STORE}/layerdb/sha256/{CHAIN_TOP}/cache-id", SPLIT),
    ),
    kept(
        "layer-metadata-missing",
        "a layer's record is deleted, nothing stands on it, and the backup has the record with its tar-split",
        lambda tree: tree.remove(f"{STORE}/layerdb/sha256/{CHAIN_TOP}"),
        ("layer-metadata-missing", "layer", CHAIN_TOP[:12]),
        parts=("image",),
        after=_after(f"{STORE}/layerdb/sha256/{CHAIN_TOP}/cache-id", SPLIT),
    ),
    kept(
        "network-db-corrupt",
        "the network database is noise and the backup has a network that no container is in",
        lambda tree: tree.put(NETWORKS, "noise" * 300),
        ("network-db-corrupt", "file", f"/{NETWORKS}"),
        parts=("image", "network"),
    ),
    kept(
        "network-db-missing",
        "the network database is deleted and the backup has a network that no container is in",
        lambda tree: tree.remove(NETWORKS),
        ("network-db-missing", "file", f"/{NETWORKS}"),
        parts=("image", "network"),
    ),
    kept(
        "volume-db-corrupt",
        "the volume database is noise and the backup has the labels",
        lambda tree: tree.put(VOLUMES, "noise" * 300),
        ("volume-db-corrupt", "file", f"/{VOLUMES}"),
        parts=("image", "volumes"),
    ),
    kept(
        "volume-db-missing",
        "the volume database is deleted and the backup has the labels",
        lambda tree: tree.remove(VOLUMES),
        ("volume-db-missing", "file", f"/{VOLUMES}"),
        parts=("image", "volumes"),
    ),
    kept(
        "volume-opts-corrupt",
        "the options of a volume and the database are lost together, and the backup has both",
        lambda tree: (tree.put(VOLUMES, "noise" * 300), tree.put(f"{ROOT}/volumes/scratch/opts.json")),
        ("volume-opts-corrupt", "volume", "scratch"),
        ("volume-db-corrupt", "file", f"/{VOLUMES}"),
        parts=("image", "volumes"),
        after=_after(f"{ROOT}/volumes/scratch/opts.json"),
    ),
    kept(
        "swarm-cert-missing",
        "a swarm node lost its certificate and the backup has it with its key",
        lambda tree: tree.remove(f"{SWARM}/certificates/swarm-node.crt"),
        ("swarm-cert-missing", "directory", f"/{SWARM}"),
        before=_swarm,
        after={f"{SWARM}/certificates/swarm-node.crt": PEM},
    ),
    kept(
        "swarm-state-corrupt",
        "a swarm node's state is truncated and the backup has it",
        lambda tree: tree.put(f"{SWARM}/docker-state.json", "{"),
        ("swarm-state-corrupt", "file", f"/{SWARM}/docker-state.json"),
        before=_swarm,
        after={f"{SWARM}/docker-state.json": b'{"LocalAddr":"10.0.0.1"}'},
    ),
    kept(
        "engine-id-wrong",
        "the engine's identity is empty and the backup has it",
        lambda tree: tree.put(f"{ROOT}/engine-id"),
        ("engine-id-wrong", "file", f"/{ROOT}/engine-id"),
        before=lambda tree: tree.put(f"{ROOT}/engine-id", "0e1d7c9a-engine"),
        after={f"{ROOT}/engine-id": b"0e1d7c9a-engine"},
    ),
    kept(
        "engine-id-wrong",
        "the engine's identity is gone and the backup has it",
        lambda tree: tree.remove(f"{ROOT}/engine-id"),
        ("engine-id-wrong", "file", f"/{ROOT}/engine-id"),
        name="kept-gone",
        before=lambda tree: tree.put(f"{ROOT}/engine-id", "0e1d7c9a-engine"),
        after={f"{ROOT}/engine-id": b"0e1d7c9a-engine"},
    ),
)
