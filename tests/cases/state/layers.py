"""Cases of layer records, layer directories and mount records."""

import json

from tests.cases.state import roots
from tests.cases.state.recipe import Finding, Recipe
from tests.cases.state.roots import BASE, CHAIN_BASE, CHAIN_TOP, MOUNT, ROOT, STORE, TOP, WEB, Tree, link_name

RECORDS = f"{STORE}/layerdb/sha256"
MOUNTS = f"{STORE}/layerdb/mounts/{WEB}"
OVERLAY = f"{ROOT}/overlay2"
BOTH = ("image", "container", "network")


def layer(problem: str, chain: str) -> Finding:
    """A finding about a layer."""
    return problem, "layer", chain[:12]


def directory(problem: str, name: str) -> Finding:
    """A finding about a directory of overlay2."""
    return problem, "layer-directory", name[:12] + ("-init" if name.endswith("-init") else "")


def empty_records(tree: Tree) -> None:
    """Every file of both records is without a byte."""
    for chain in (CHAIN_BASE, CHAIN_TOP):
        for name in ("diff", "size", "cache-id"):
            tree.put(f"{RECORDS}/{chain}/{name}")
    tree.put(f"{RECORDS}/{CHAIN_TOP}/parent")


def empty_link(tree: Tree) -> None:
    """The base's short name is lost in its own directory and in l; both layers above still tell it."""
    tree.put(f"{OVERLAY}/{BASE.directory}/link")
    tree.remove(f"{OVERLAY}/l/{link_name(BASE.directory)}")


def all_links(tree: Tree) -> None:
    """The whole directory of short names is gone."""
    tree.remove(f"{OVERLAY}/l")


def two_on_wrong_lower(tree: Tree) -> None:
    """The -init directory was made while its parent's list was short."""
    tree.put(f"{OVERLAY}/{MOUNT}-init/lower", f"l/{link_name(TOP.directory)}")


def empty_layer_lost(tree: Tree) -> None:
    """The image's second layer has no file, and its directory is gone."""
    config = json.loads(roots.CONFIG)
    config["rootfs"]["diff_ids"] = [BASE.diff, roots.EMPTY.diff]
    text = json.dumps(config, separators=(",", ":"))
    tree.remove(f"{STORE}/imagedb")
    tree.remove(f"{RECORDS}/{CHAIN_TOP}")
    tree.remove(f"{OVERLAY}/{TOP.directory}")
    tree.remove(f"{OVERLAY}/l/{link_name(TOP.directory)}")
    identity = roots.hashlib.sha256(text.encode()).hexdigest()
    tree.put(f"{STORE}/imagedb/content/sha256/{identity}", text)
    tags = {"Repositories": {"app": {"app:latest": f"sha256:{identity}"}}}
    tree.put(f"{STORE}/repositories.json", json.dumps(tags, separators=(",", ":")))
    roots.record(tree, EMPTY_CHAIN, roots.EMPTY, CHAIN_BASE)


EMPTY_CHAIN = roots.chain_ids([BASE.diff, roots.EMPTY.diff])[1].removeprefix("sha256:")


def two_lost_mounts(tree: Tree) -> None:
    """Two containers of one image lost their mount records: nothing tells whose layer is whose."""
    other = roots.hex_id("container other")
    roots.put_container(tree, "other", roots.config_of("other", other), roots.host_config())
    roots.overlay(tree, f"{roots.hex_id('mount other')}-init", (TOP.directory, BASE.directory))
    above = (f"{roots.hex_id('mount other')}-init", TOP.directory, BASE.directory)
    roots.overlay(tree, roots.hex_id("mount other"), above, committed=False)
    tree.remove(MOUNTS)


def flipped_mount_id(tree: Tree) -> None:
    """One container's mount-id lost a bit, another of the same image has no mount record any more."""
    kept = {name: tree.entries[f"{MOUNTS}/{name}"] for name in ("init-id", "parent")}
    two_lost_mounts(tree)
    tree.entries |= {f"{MOUNTS}/{name}": content for name, content in kept.items()}
    tree.put(f"{MOUNTS}/mount-id", MOUNT.encode()[:-1] + bytes([MOUNT.encode()[-1] ^ 0x80]))


def altered_split() -> bytes:
    """The upper layer's tar-split with two bytes in its middle inverted: its ends look whole."""
    middle = len(TOP.tar_split) // 2
    return (
        TOP.tar_split[:middle]
        + bytes(byte ^ 0xFF for byte in TOP.tar_split[middle : middle + 2])
        + TOP.tar_split[middle + 2 :]
    )


RECIPES = (
    Recipe(
        problem="layer-metadata-empty",
        name="all-after-power-cut",
        about="a power cut emptied every file of every layer record",
        parts=BOTH,
        change=empty_records,
        findings=(layer("layer-metadata-empty", CHAIN_BASE), layer("layer-metadata-empty", CHAIN_TOP)),
        after={
            f"{RECORDS}/{CHAIN_BASE}/cache-id": BASE.directory.encode(),
            f"{RECORDS}/{CHAIN_TOP}/cache-id": TOP.directory.encode(),
            f"{RECORDS}/{CHAIN_TOP}/parent": f"sha256:{CHAIN_BASE}".encode(),
            f"{RECORDS}/{CHAIN_TOP}/diff": TOP.diff.encode(),
            f"{RECORDS}/{CHAIN_TOP}/size": b"5",
        },
    ),
    Recipe(
        problem="layer-metadata-empty",
        name="nul-cache-id",
        about="lost blocks made a cache-id full of NULs",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/cache-id", "\0" * 64),
        findings=(layer("layer-metadata-empty", CHAIN_TOP),),
        after={f"{RECORDS}/{CHAIN_TOP}/cache-id": TOP.directory.encode()},
    ),
    Recipe(
        problem="layer-metadata-empty",
        name="content-altered",
        about="a cache-id is lost and the layer's files were changed, so nothing proves the directory",
        change=lambda tree: (
            tree.put(f"{RECORDS}/{CHAIN_TOP}/cache-id"),
            tree.put(f"{OVERLAY}/{TOP.directory}/diff/more", "less\n"),
        ),
        findings=(layer("layer-metadata-empty", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(
        problem="layer-metadata-empty",
        name="trailing-newline",
        about="a newline behind a value, which dockerd strips",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/cache-id", f"{TOP.directory}\n"),
    ),
    Recipe(
        problem="layer-metadata-wrong-parent",
        name="missing",
        about="the parent file of the upper layer is deleted",
        change=lambda tree: tree.remove(f"{RECORDS}/{CHAIN_TOP}/parent"),
        findings=(layer("layer-metadata-wrong-parent", CHAIN_TOP),),
        after={f"{RECORDS}/{CHAIN_TOP}/parent": f"sha256:{CHAIN_BASE}".encode()},
    ),
    Recipe(
        problem="layer-metadata-wrong-parent",
        name="first-layer-has-one",
        about="the first layer's record names a parent",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_BASE}/parent", f"sha256:{CHAIN_TOP}"),
        findings=(layer("layer-metadata-wrong-parent", CHAIN_BASE),),
    ),
    Recipe(problem="layer-metadata-wrong-parent", name="healthy", about="each record names the layer below it"),
    Recipe(
        problem="layer-metadata-missing",
        name="deleted",
        about="the record of the upper layer is deleted with its tar-split",
        change=lambda tree: tree.remove(f"{RECORDS}/{CHAIN_TOP}"),
        findings=(layer("layer-metadata-missing", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(
        problem="layer-metadata-missing",
        name="told-by-a-container",
        about="both records are deleted; a container that stands on them tells their directories",
        parts=BOTH,
        change=lambda tree: tree.remove(RECORDS),
        findings=(layer("layer-metadata-missing", CHAIN_BASE), layer("layer-metadata-missing", CHAIN_TOP)),
        fix="rebuilt without tar-split",
    ),
    Recipe(problem="layer-metadata-missing", name="healthy", about="each layer has its record"),
    Recipe(
        problem="layer-metadata-hollow",
        name="interrupted-pull",
        about="an interrupted pull left an empty record of a layer that no image has",
        change=lambda tree: tree.directory(f"{RECORDS}/{roots.hex_id('pulled')}"),
        findings=(layer("layer-metadata-hollow", roots.hex_id("pulled")),),
    ),
    Recipe(problem="layer-metadata-hollow", name="healthy", about="each layer record is whole"),
    Recipe(
        problem="layerdb-removing-shared",
        name="after-rollback",
        about="a rolled-back file system holds a half-removed record beside the live one",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}-123-removing/cache-id", TOP.directory),
        findings=(layer("layerdb-removing-shared", CHAIN_TOP),),
    ),
    Recipe(
        problem="layerdb-removing-shared",
        name="of-a-dead-layer",
        about="a removal was interrupted; its directory is nobody else's, so the engine may finish it",
        change=lambda tree: tree.put(f"{RECORDS}/{roots.hex_id('dead')}-123-removing/cache-id", roots.hex_id("old")),
    ),
    Recipe(
        problem="tar-split-corrupt",
        name="empty",
        about="the upper layer's tar-split has no byte",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/tar-split.json.gz"),
        findings=(layer("tar-split-corrupt", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(
        problem="tar-split-corrupt",
        name="torn",
        about="the upper layer's tar-split lacks its last bytes",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/tar-split.json.gz", TOP.tar_split[:-20]),
        findings=(layer("tar-split-corrupt", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(problem="tar-split-corrupt", name="healthy", about="both layers have their tar-split"),
    Recipe(
        problem="tar-split-damaged",
        name="altered",
        about="bytes in the middle of the upper layer's tar-split are others",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/tar-split.json.gz", altered_split()),
        findings=(layer("tar-split-damaged", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(problem="tar-split-damaged", name="healthy", about="both tar-splits unpack to their end"),
    Recipe(
        problem="overlay2-link-broken",
        name="told-by-the-layers-above",
        about="the base's short name is lost; the layers above still use it",
        parts=BOTH,
        change=empty_link,
        findings=(directory("overlay2-link-broken", BASE.directory),),
        after={f"{OVERLAY}/{BASE.directory}/link": link_name(BASE.directory).encode()},
    ),
    Recipe(
        problem="overlay2-link-broken",
        name="all-gone",
        about="the directory of short names is deleted",
        parts=BOTH,
        change=all_links,
        findings=(("overlay2-link-broken", "directory", "overlay2/l"),),
    ),
    Recipe(
        problem="overlay2-link-broken",
        name="a-file",
        about='a file has the place of the directory of short names: dockerd ends with "mkdir …/l: not a directory"',
        parts=BOTH,
        change=lambda tree: (all_links(tree), tree.put(f"{OVERLAY}/l", "oops")),
        findings=(("overlay2-link-broken", "directory", "overlay2/l"),),
    ),
    Recipe(
        problem="overlay2-link-broken",
        name="leads-elsewhere",
        about="a short name leads to another layer, so containers would start with that layer's files",
        change=lambda tree: tree.link(f"{OVERLAY}/l/{link_name(TOP.directory)}", f"../{BASE.directory}/diff"),
        findings=(directory("overlay2-link-broken", TOP.directory),),
    ),
    Recipe(problem="overlay2-link-broken", name="healthy", about="each layer has its short name", parts=BOTH),
    Recipe(
        problem="overlay2-lower-wrong",
        name="made-on-a-short-list",
        about="a container was created while the list of its image's layers was short",
        parts=BOTH,
        change=two_on_wrong_lower,
        findings=(directory("overlay2-lower-wrong", f"{MOUNT}-init"),),
        after={
            f"{OVERLAY}/{MOUNT}-init/lower": f"l/{link_name(TOP.directory)}:l/{link_name(BASE.directory)}".encode(),
        },
    ),
    Recipe(
        problem="overlay2-lower-wrong",
        name="lowest-has-one",
        about="the lowest layer claims to stand on another",
        change=lambda tree: tree.put(f"{OVERLAY}/{BASE.directory}/lower", f"l/{link_name(TOP.directory)}"),
        findings=(directory("overlay2-lower-wrong", BASE.directory),),
    ),
    Recipe(problem="overlay2-lower-wrong", name="healthy", about="each list follows from the layers", parts=BOTH),
    Recipe(
        problem="overlay2-work-missing",
        name="of-a-container",
        about="a container's work directory is gone",
        parts=BOTH,
        change=lambda tree: tree.remove(f"{OVERLAY}/{MOUNT}/work"),
        findings=(directory("overlay2-work-missing", MOUNT),),
    ),
    Recipe(
        problem="overlay2-work-missing",
        name="of-an-image",
        about="an image's layer needs no work directory",
        parts=BOTH,
        change=lambda tree: tree.remove(f"{OVERLAY}/{TOP.directory}/work"),
    ),
    Recipe(
        problem="overlay2-committed-missing",
        name="lost",
        about="the base is not marked as finished",
        change=lambda tree: tree.remove(f"{OVERLAY}/{BASE.directory}/committed"),
        findings=(("overlay2-committed-missing", "directory", "overlay2"),),
    ),
    Recipe(
        problem="overlay2-committed-missing",
        name="a-directory",
        about="the mark of the base is a directory",
        change=lambda tree: (
            tree.remove(f"{OVERLAY}/{BASE.directory}/committed"),
            tree.directory(f"{OVERLAY}/{BASE.directory}/committed"),
        ),
        findings=(("overlay2-committed-missing", "layer-directory", BASE.directory),),
    ),
    Recipe(
        problem="overlay2-committed-missing",
        name="nothing-stands-on-it",
        about="the top layer of an image that nothing was made from is not marked, as usual",
        change=lambda tree: tree.remove(f"{OVERLAY}/{TOP.directory}/committed"),
    ),
    Recipe(
        problem="overlay2-root-missing",
        name="not-mounted",
        about="the file system that holds overlay2 is not mounted",
        change=lambda tree: (tree.remove(OVERLAY), tree.directory(OVERLAY)),
        findings=(("overlay2-root-missing", "directory", "overlay2"),),
        fix="manual",
    ),
    Recipe(problem="overlay2-root-missing", name="healthy", about="the directory of layers is there"),
    Recipe(
        problem="overlay2-layer-missing",
        name="empty-layer",
        about="the directory of a layer without any file is gone",
        change=empty_layer_lost,
        findings=(layer("overlay2-layer-missing", EMPTY_CHAIN),),
    ),
    Recipe(
        problem="overlay2-layer-missing",
        name="renamed",
        about="the record names a directory that is not there, and another one holds the layer's files",
        change=lambda tree: tree.put(f"{RECORDS}/{CHAIN_TOP}/cache-id", roots.hex_id("nowhere")),
        findings=(layer("overlay2-layer-missing", CHAIN_TOP),),
        after={f"{RECORDS}/{CHAIN_TOP}/cache-id": TOP.directory.encode()},
    ),
    Recipe(
        problem="overlay2-layer-missing",
        name="renamed-below-a-lost-mount",
        about="a container's mount record is gone, and only the repaired layer below tells which directory is its own",
        parts=BOTH,
        change=lambda tree: (
            tree.put(f"{RECORDS}/{CHAIN_TOP}/cache-id", roots.hex_id("nowhere")),
            tree.remove(MOUNTS),
        ),
        findings=(layer("overlay2-layer-missing", CHAIN_TOP), ("layer-mount-corrupt", "container", "web")),
        after={
            f"{RECORDS}/{CHAIN_TOP}/cache-id": TOP.directory.encode(),
            f"{MOUNTS}/mount-id": MOUNT.encode(),
        },
    ),
    Recipe(
        problem="overlay2-layer-missing",
        name="gone",
        about="the upper layer's files are gone",
        change=lambda tree: tree.remove(f"{OVERLAY}/{TOP.directory}/diff"),
        findings=(layer("overlay2-layer-missing", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(problem="overlay2-layer-missing", name="healthy", about="both layers have their files"),
    Recipe(
        problem="overlay2-container-layer-missing",
        name="gone",
        about="what a container wrote is gone",
        parts=BOTH,
        change=lambda tree: tree.remove(f"{OVERLAY}/{MOUNT}/diff"),
        findings=(("overlay2-container-layer-missing", "container", "web"),),
        fix="manual",
    ),
    Recipe(
        problem="overlay2-container-layer-missing", name="healthy", about="the container's files are there", parts=BOTH
    ),
    Recipe(
        problem="overlay2-init-missing",
        name="gone",
        about="the -init layer of a container is gone with its short name",
        parts=BOTH,
        change=lambda tree: (
            tree.remove(f"{OVERLAY}/{MOUNT}-init"),
            tree.remove(f"{OVERLAY}/l/{link_name(f'{MOUNT}-init')}"),
        ),
        findings=(("overlay2-init-missing", "container", "web"),),
        after={
            f"{OVERLAY}/{MOUNT}-init/link": link_name(f"{MOUNT}-init").encode(),
            f"{OVERLAY}/{MOUNT}-init/lower": f"l/{link_name(TOP.directory)}:l/{link_name(BASE.directory)}".encode(),
        },
    ),
    Recipe(problem="overlay2-init-missing", name="healthy", about="the -init layer is there", parts=BOTH),
    Recipe(
        problem="layer-mount-corrupt",
        name="deleted",
        about="a container's mount record is deleted; only one layer directory can be its own",
        parts=BOTH,
        change=lambda tree: tree.remove(MOUNTS),
        findings=(("layer-mount-corrupt", "container", "web"),),
        after={
            f"{MOUNTS}/mount-id": MOUNT.encode(),
            f"{MOUNTS}/init-id": f"{MOUNT}-init".encode(),
            f"{MOUNTS}/parent": f"sha256:{CHAIN_TOP}".encode(),
        },
    ),
    Recipe(
        problem="layer-mount-corrupt",
        name="empty-parent",
        about="a power cut emptied the parent and the init-id of a mount record",
        parts=BOTH,
        change=lambda tree: (tree.put(f"{MOUNTS}/parent"), tree.put(f"{MOUNTS}/init-id")),
        findings=(("layer-mount-corrupt", "container", "web"),),
        after={f"{MOUNTS}/parent": f"sha256:{CHAIN_TOP}".encode()},
    ),
    Recipe(
        problem="layer-mount-corrupt",
        name="two-candidates",
        about="two containers of one image lost their mount records",
        parts=BOTH,
        change=two_lost_mounts,
        findings=(("layer-mount-corrupt", "container", "other"), ("layer-mount-corrupt", "container", "web")),
        fix="manual",
    ),
    Recipe(
        problem="layer-mount-corrupt",
        name="flipped-mount-id",
        about="one bit of a mount-id is another; the init-id tells whose directory it is, though two could be",
        parts=BOTH,
        change=flipped_mount_id,
        findings=(("layer-mount-corrupt", "container", "other"), ("layer-mount-corrupt", "container", "web")),
        after={
            f"{MOUNTS}/mount-id": MOUNT.encode(),
            f"{STORE}/layerdb/mounts/{roots.hex_id('container other')}/mount-id": roots.hex_id("mount other").encode(),
        },
    ),
    Recipe(problem="layer-mount-corrupt", name="healthy", about="the container has its mount record", parts=BOTH),
)
