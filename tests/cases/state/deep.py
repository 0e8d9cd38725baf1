"""Cases of what only ``--deep`` sees: contents, attributes and names in layers."""

from typing import Any

from tests.cases.recipe import Finding, Recipe
from tests.cases.roots import BASE, CHAIN_BASE, CHAIN_TOP, MOUNT, ROOT, STORE, TOP, WEB, Tree

_BASE = f"{ROOT}/overlay2/{BASE.directory}/diff"
_TOP = f"{ROOT}/overlay2/{TOP.directory}/diff"
_WEB = f"{ROOT}/overlay2/{MOUNT}"


def layer(problem: str, chain: str) -> Finding:
    """A finding about a layer."""
    return (problem, "layer", chain[:12])


COPIED = ("data-root-copied", "data-root", "overlay2")


def cut_and_gone(tree: Tree) -> None:
    """One file empty, one gone."""
    tree.put(f"{_BASE}/hello")
    tree.remove(f"{_TOP}/more")
    tree.directory(_TOP)


def torn_with_a_copy(tree: Tree) -> None:
    """A file is truncated, and an unused directory has a valid copy."""
    tree.put(f"{_BASE}/hello", b"hel")
    tree.put(f"{ROOT}/overlay2/{'c0' * 32}/diff/hello", b"hello\n")


def planted(tree: Tree) -> None:
    """Two names that no header has."""
    tree.put(f"{_TOP}/etc/cron.d/job", b"* * * * *\n")
    tree.put(f"{_TOP}/more.bak", b"")


def written(tree: Tree) -> None:
    """The container wrote a file."""
    tree.put(f"{_WEB}/diff/run", b"x\n")


def times(*names: str, at: int) -> tuple[dict[str, Any], ...]:
    """Files of the container's layer and mount record with a time of change."""
    mount = f"{STORE}/layerdb/mounts/{WEB}"
    places = {"link": _WEB, "lower": _WEB, "mount-id": mount, "init-id": mount, "parent": mount}
    return tuple({"path": f"/{places[name]}/{name}", "mtime": at} for name in names)


_RECORD = ("link", "lower", "mount-id", "init-id", "parent")

CASES = (
    Recipe(
        problem="data-root-copied",
        name="set-uid-lost",
        about="a file of the base layer lost its mode, as after cp -r",
        findings=(COPIED,),
        fix="manual",
        select=("state/data-root-copied",),
        files=({"path": f"/{_BASE}/hello", "mode": 0o600},),
    ),
    Recipe(problem="data-root-copied", name="healthy", about="entries are as their headers say"),
    Recipe(
        problem="container-layer-copied",
        name="times-of-a-copy",
        about="all that the engine writes once for a container has a time years after its creation",
        parts=("image", "container", "network"),
        change=written,
        findings=(("container-layer-copied", "container", "web"),),
        fix="manual",
        files=times(*_RECORD, at=1_790_000_000),
    ),
    Recipe(
        problem="container-layer-copied",
        name="one-file-mended",
        about="a repair rewrote the short name of the container's layer; the rest is as old as the container",
        parts=("image", "container", "network"),
        change=written,
        files=times("link", at=1_790_000_000),
    ),
    Recipe(
        problem="layer-content-altered",
        name="tampered",
        about="a file of the base layer has another content of the same length",
        change=lambda tree: tree.put(f"{_BASE}/hello", b"HELLO\n"),
        findings=(layer("layer-content-altered", CHAIN_BASE),),
        fix="manual",
    ),
    Recipe(
        problem="layer-content-altered",
        name="cut-and-gone",
        about="a file of the base layer is empty, that of the upper one is gone",
        change=cut_and_gone,
        findings=(layer("layer-content-altered", CHAIN_BASE), layer("layer-content-altered", CHAIN_TOP)),
        fix="manual",
    ),
    Recipe(
        problem="layer-content-altered",
        name="copied",
        about="a file of the base layer is truncated; an unused layer directory has a valid copy",
        change=torn_with_a_copy,
        findings=(layer("layer-content-altered", CHAIN_BASE), ("layer-orphan", "directory", "overlay2")),
        after={f"{_BASE}/hello": b"hello\n"},
    ),
    Recipe(problem="layer-content-altered", name="healthy", about="each layer has its digest"),
    Recipe(
        problem="layer-metadata-lost",
        name="modes",
        about="a file of each layer has another mode",
        findings=(COPIED, layer("layer-metadata-lost", CHAIN_BASE), layer("layer-metadata-lost", CHAIN_TOP)),
        files=({"path": f"/{_BASE}/hello", "mode": 0o4755}, {"path": f"/{_TOP}/more", "mode": 0o600}),
    ),
    Recipe(
        problem="layer-metadata-lost",
        name="chowned",
        about="someone ran chown -R on the data root, so one file of each layer and the directories above are theirs",
        findings=(
            COPIED,
            layer("layer-metadata-lost", CHAIN_BASE),
            layer("layer-metadata-lost", CHAIN_TOP),
            ("overlay2-mode", "directory", "overlay2"),
        ),
        files=tuple(
            {"path": f"/{path}", "uid": 1000, "gid": 1000}
            for path in ("var/lib/docker", "var/lib/docker/overlay2", f"{_BASE}/hello", f"{_TOP}/more")
        ),
    ),
    Recipe(problem="layer-metadata-lost", name="healthy", about="each entry is as its header says"),
    Recipe(
        problem="layer-extra-files",
        name="planted",
        about="a directory and a file were put into the upper layer",
        change=planted,
        findings=(layer("layer-extra-files", CHAIN_TOP),),
        fix="manual",
    ),
    Recipe(problem="layer-extra-files", name="healthy", about="no layer holds more than its tar"),
)
