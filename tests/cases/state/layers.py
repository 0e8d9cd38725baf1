"""Cases of layer records."""

from tests.cases import roots
from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import BASE, CHAIN_BASE, CHAIN_TOP, ROOT, STORE, TOP, Tree

RECORDS = f"{STORE}/layerdb/sha256"
OVERLAY = f"{ROOT}/overlay2"
BOTH = ("image", "container", "network")


def layer(problem: str, chain: str) -> Finding:
    """A finding about a layer."""
    return problem, "layer", chain[:12]


def empty_records(tree: Tree) -> None:
    """Every file of both records is without a byte."""
    for chain in (CHAIN_BASE, CHAIN_TOP):
        for name in ("diff", "size", "cache-id"):
            tree.put(f"{RECORDS}/{chain}/{name}")
    tree.put(f"{RECORDS}/{CHAIN_TOP}/parent")


def altered_split() -> bytes:
    """The upper layer's tar-split with two bytes in its middle inverted: its ends look whole."""
    middle = len(TOP.tar_split) // 2
    return (
        TOP.tar_split[:middle]
        + bytes(byte ^ 0xFF for byte in TOP.tar_split[middle : middle + 2])
        + TOP.tar_split[middle + 2 :]
    )


CASES = (
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
        about="both records are deleted; a container above them shows their directories",
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
)
