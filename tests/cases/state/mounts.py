"""Cases of mount records."""

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import BASE, CHAIN_TOP, MOUNT, STORE, TOP, WEB, Tree
from tests.cases.state.layers import BOTH

MOUNTS = f"{STORE}/layerdb/mounts/{WEB}"


def two_lost_mounts(tree: Tree) -> None:
    """Two containers of one image lost their mount records: it is unknown whose layer is whose."""
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


CASES = (
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
        about="one bit of a mount-id is another; the init-id shows whose directory it is, although two are possible",
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
