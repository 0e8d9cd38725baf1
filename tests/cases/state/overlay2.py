"""Cases of layer directories."""

import hashlib
import json

from tests.cases import roots
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import BASE, CHAIN_BASE, CHAIN_TOP, MOUNT, STORE, TOP, Tree, link_name
from tests.cases.state.layers import BOTH, OVERLAY, RECORDS, layer
from tests.cases.state.mounts import MOUNTS

EMPTY_CHAIN = roots.chain_ids([BASE.diff, roots.EMPTY.diff])[1].removeprefix("sha256:")


def directory(problem: str, name: str) -> Finding:
    """A finding about a directory of overlay2."""
    return problem, "layer-directory", name[:12] + ("-init" if name.endswith("-init") else "")


def empty_link(tree: Tree) -> None:
    """The base's short name is lost in its own directory and in l; both layers above still have it."""
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
    identity = hashlib.sha256(text.encode()).hexdigest()
    tree.put(f"{STORE}/imagedb/content/sha256/{identity}", text)
    tags = {"Repositories": {"app": {"app:latest": f"sha256:{identity}"}}}
    tree.put(f"{STORE}/repositories.json", json.dumps(tags, separators=(",", ":")))
    roots.record(tree, EMPTY_CHAIN, roots.EMPTY, CHAIN_BASE)


CASES = (
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
        about="a container's mount record is gone, and only the repaired layer below shows which directory is its own",
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
)
