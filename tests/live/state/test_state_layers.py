"""Each kind of damage to image store and layers, one by one on a root that a power loss left: found, repaired, judged.

All are done to one root in turn: what a repair leaves behind meets the next damage, and a real dockerd judges the end.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import damage, judge, places
from tests.hosts.box import Box
from tests.hosts.places import STORE
from tests.live.repair import repair_kit as kit
from tests.live.state.state_kit import APPLY, problems

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

ORPHAN = "0123456789abcdef" * 4
Undo = Callable[[], object]
Row = tuple[str, set[str], Callable[[Path], Undo | None]]
"""A fault, the ids that a scan must find (no others, including notes), and the function that causes it; if that returns a function, it has
no repair, and the function undoes it."""


def upper_record(top: Path) -> Path:
    """The record of a layer that stands on another and that the classic builder made."""
    return next(
        record
        for record in places.records(top)
        if (record / "parent").exists() and len((record / "cache-id").read_text()) == 64
    )


def mount_record(top: Path) -> Path:
    """The mount record of the container "job"."""
    return places.mount_record(top, "job")


def writable(top: Path) -> Path:
    """Its layer's directory."""
    return places.writable(top, "job")


def init_layer(top: Path) -> Path:
    """The directory of its -init layer."""
    return places.init_layer(top, "job")


def image_config(top: Path) -> Path:
    """The config of its image."""
    return places.image_config(top, "app:latest")


def base_directory(top: Path) -> Path:
    """The directory of the layer it stands on lowest."""
    return places.below(top, writable(top), -1)


def short_name(top: Path) -> Path:
    """The short name of that one."""
    return top / "overlay2/l" / (base_directory(top) / "link").read_text()


def of(path: Callable[[Path], Path], how: Callable[[Path], object]) -> Callable[[Path], None]:
    """Do something to the path that this finds."""

    def breaks(top: Path) -> None:
        how(path(top))

    return breaks


def within(path: Callable[[Path], Path], name: str) -> Callable[[Path], Path]:
    """Return the path of a name in the directory that this finds."""
    return lambda top: path(top) / name


def at(name: str) -> Callable[[Path], Path]:
    """A place in the data root."""
    return lambda top: top / name


def away(path: Path) -> Undo:
    """Move something out of the data root; the way back."""
    root = next(above for above in path.parents if above.name == "docker")
    kept = root.with_name(f"away-{path.parent.name}-{path.name}")
    path.rename(kept)
    return lambda: kept.rename(path)


def rewritten(path: Path, data: bytes) -> Undo:
    """Write other bytes; the way back."""
    before = path.read_bytes()
    path.write_bytes(data)
    return lambda: path.write_bytes(before)


def dangling(top: Path) -> Undo:
    """A name of an image that isn't there."""
    path = top / STORE / "repositories.json"
    data = json.loads(path.read_text())
    data["Repositories"]["gone"] = {"gone:1": "sha256:" + "0" * 64}
    return rewritten(path, json.dumps(data).encode())


def junk(top: Path) -> Undo:
    """A directory that no engine makes."""
    (top / "overlay2/junk").mkdir()
    return (top / "overlay2/junk").rmdir


def orphan(top: Path) -> Undo:
    """A layer that nothing refers to."""
    path = top / "overlay2" / ORPHAN
    (path / "diff").mkdir(parents=True)
    return lambda: shutil.rmtree(path)


def wrong_digest(top: Path) -> None:
    """A layer's parent is another layer than below it."""
    record = upper_record(top)
    right = (record / "parent").read_text().removeprefix("sha256:")
    other = next(one for one in sorted(record.parent.iterdir()) if one.name not in {record.name, right})
    (record / "parent").write_text(f"sha256:{other.name}")


def leads_elsewhere(top: Path) -> None:
    """A short name leads to a container's layer."""
    link = short_name(top)
    link.unlink()
    link.symlink_to(f"../{writable(top).name}/diff")


def link_a_file(top: Path) -> None:
    """A short name is not a link."""
    link = short_name(top)
    link.unlink()
    link.write_text("")


def removing(top: Path) -> None:
    """A half-removed record beside the live one."""
    record = upper_record(top)
    shutil.copytree(record, record.with_name(f"{record.name}-1234567-removing"))


def write_set(top: Path) -> None:
    """An unfinished record."""
    path = top / STORE / "layerdb/tmp/write-set-42"
    path.mkdir(parents=True)
    (path / "diff").write_text("sha256:" + "0" * 64)


def no_parent_note(top: Path) -> Undo:
    """An image no longer has the image it was built from."""
    return rewritten(next((top / STORE / "imagedb/metadata/sha256").glob("*/parent")), b"")


def registry_cache(top: Path) -> Undo:
    """The cache of registry digests is corrupt."""
    path = top / STORE / "distribution"
    path.mkdir(exist_ok=True)
    (path / "diffid-by-digest").write_text("no directory")
    return (path / "diffid-by-digest").unlink


def left_in_merged(top: Path) -> None:
    """A file beneath a mount point."""
    (writable(top) / "merged").mkdir(exist_ok=True)
    (writable(top) / "merged/stray").write_text("x")


def lost_pair(top: Path) -> Undo:
    """The whole record of a container is gone, its files are there."""
    record = mount_record(top)
    backs = away(top / "containers" / record.name), away(record)
    return lambda: [back() for back in backs]


def torn(*names: str) -> Callable[[Path], None]:
    """Files of a record are empty."""

    def breaks(top: Path) -> None:
        for name in names:
            damage.empty(upper_record(top) / name)

    return breaks


def both_wrong(etc: Path) -> None:
    """Directories in the place of two files."""
    damage.into_directory(etc / "hostname")
    damage.into_directory(etc / "resolv.conf")


def shorten(path: Path) -> None:
    """Cut a list to its first entry."""
    path.write_text(path.read_text().partition(":")[0])


SPLIT = within(upper_record, "tar-split.json.gz")
LOWER = within(writable, "lower")
ROWS: list[Row] = [
    ("a flipped bit in a config", {"image-content-corrupt", "tag-dangling"}, of(image_config, damage.flip)),
    (
        "BuildKit has a copy of a lost config",
        {"image-content-missing", "tag-dangling"},
        of(lambda top: places.image_config(top, "bk:1"), Path.unlink),
    ),
    (
        "a directory among the configs",
        {"image-content-stray"},
        of(at(f"{STORE}/imagedb/content/sha256/junk"), Path.mkdir),
    ),
    ("a tag names an unknown image", {"image-content-missing", "tag-dangling"}, dangling),
    ("the note of a parent image is empty", {"image-metadata-corrupt"}, no_parent_note),
    ("the cache of registry digests is broken", set(), registry_cache),
    ("an empty diff", {"layer-metadata-empty"}, torn("diff")),
    ("an empty size", {"layer-metadata-empty"}, torn("size")),
    ("an empty cache-id", {"layer-metadata-empty"}, torn("cache-id")),
    ("an empty parent", {"layer-metadata-empty"}, torn("parent")),
    ("an empty record", {"layer-metadata-empty"}, torn("diff", "size", "cache-id", "parent")),
    (
        "a cache-id of NULs",
        {"layer-metadata-empty"},
        of(within(upper_record, "cache-id"), lambda path: path.write_bytes(bytes(64))),
    ),
    ("no parent", {"layer-metadata-wrong-parent"}, of(within(upper_record, "parent"), Path.unlink)),
    ("another parent", {"layer-metadata-wrong-parent"}, wrong_digest),
    ("a record is gone", {"layer-metadata-missing"}, of(upper_record, shutil.rmtree)),
    ("an interrupted pull", {"layer-metadata-hollow"}, of(at(f"{STORE}/layerdb/sha256/{'ab' * 32}"), Path.mkdir)),
    ("an empty tar-split", {"tar-split-corrupt"}, of(SPLIT, damage.empty)),
    ("a truncated one", {"tar-split-corrupt"}, of(SPLIT, lambda path: damage.cut(path, 20))),
    ("none", {"tar-split-corrupt"}, of(SPLIT, Path.unlink)),
    ("an unfinished record", {"layerdb-tmp-leftover"}, write_set),
    ("a half-removed record beside the live one", {"layerdb-removing-shared"}, removing),
    ("no mount record", {"layer-mount-corrupt"}, of(mount_record, shutil.rmtree)),
    ("an empty init-id", {"layer-mount-corrupt"}, of(within(mount_record, "init-id"), damage.empty)),
    ("an empty mount-id", {"layer-mount-corrupt"}, of(within(mount_record, "mount-id"), damage.empty)),
    ("a mount record of nobody", {"layer-mount-stray"}, of(at(f"{STORE}/layerdb/mounts/{'cd' * 32}"), Path.mkdir)),
    ("no short names", {"overlay2-link-broken"}, of(at("overlay2/l"), shutil.rmtree)),
    ("a short name is gone", {"overlay2-link-broken"}, of(short_name, Path.unlink)),
    ("an empty link", {"overlay2-link-broken"}, of(within(base_directory, "link"), damage.empty)),
    (
        "another name in link",
        {"overlay2-link-broken"},
        of(within(base_directory, "link"), lambda path: path.write_text("A" * 26)),
    ),
    ("a short name leads elsewhere", {"overlay2-link-broken"}, leads_elsewhere),
    ("a short name is a file", {"overlay2-link-broken"}, link_a_file),
    ("an empty lower", {"overlay2-lower-wrong"}, of(LOWER, damage.empty)),
    ("no lower", {"overlay2-lower-wrong"}, of(within(init_layer, "lower"), Path.unlink)),
    ("a short lower", {"overlay2-lower-wrong"}, of(LOWER, shorten)),
    ("no work directory", {"overlay2-work-missing"}, of(within(writable, "work"), shutil.rmtree)),
    ("no mark", {"overlay2-committed-missing"}, of(within(base_directory, "committed"), Path.unlink)),
    ("a layer is gone", {"overlay2-layer-missing"}, lambda top: away(base_directory(top))),
    ("a layer's files are gone", {"overlay2-layer-missing"}, lambda top: away(base_directory(top) / "diff")),
    ("a container's files are gone", {"overlay2-container-layer-missing"}, lambda top: away(writable(top))),
    ("an -init layer is gone", {"overlay2-init-missing"}, of(init_layer, shutil.rmtree)),
    (
        "a directory in the place of hosts",
        {"overlay2-init-wrong"},
        of(within(init_layer, "diff/etc/hosts"), damage.into_directory),
    ),
    ("in the place of the other two", {"overlay2-init-wrong"}, of(within(init_layer, "diff/etc"), both_wrong)),
    ("files beneath a mount point", {"overlay2-merged-leftover"}, left_in_merged),
    ("something else in overlay2", {"layer-orphan"}, junk),
    ("a layer that nothing needs", {"layer-orphan"}, orphan),
    ("overlay2 is shut", {"overlay2-mode"}, of(at("overlay2"), lambda path: path.chmod(0))),
    ("no record of a container at all", {"container-layer-orphan"}, lost_pair),
    ("an empty directory among containers", {"container-dir-stray"}, of(at(f"containers/{'ef' * 32}"), Path.mkdir)),
]


def test_each_row_is_found_repaired_and_judged(dead_box: Box, healthy: judge.Opinion) -> None:
    """Exactly its ids each time, so nothing is left of the row before, and dockerd sees all of it in the end."""
    box, top = dead_box, dead_box.data_root
    assert problems(box, notes=True) == set()
    wrong = []
    for words, wanted, breaks in ROWS:
        back = breaks(top)
        found = problems(box, notes=True)
        if found != wanted:
            wrong.append(f"{words}: found {sorted(found)}")
        if back is not None:
            back()
            continue
        done = box.doctor(*APPLY, "state")
        # Findings remain: the engine is down, and stays so.
        if done.returncode != 1:
            wrong.append(f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}")
    print("\n".join(wrong))
    assert wrong == []
    assert problems(box, notes=True) == set()
    box.start_dockerd()
    assert judge.differences(healthy, judge.opinion(box)) == []


def test_orphans_go_only_with_leave_and_are_restored(dead_box: Box, healthy: judge.Opinion) -> None:
    """An interrupted pull's layer stays unless destructive repairs are allowed; nothing else goes, and undo restores it."""
    box, top = dead_box, dead_box.data_root
    orphan(top)
    before = {path.name for path in (top / "overlay2").iterdir()}
    box.doctor(*APPLY, "state")
    assert {path.name for path in (top / "overlay2").iterdir()} == before
    done = box.doctor("fix", "state", "--apply", "--yes", "--allow", "destructive")
    assert before - {path.name for path in (top / "overlay2").iterdir()} == {ORPHAN}, done.stdout + done.stderr
    box.start_dockerd()
    assert judge.differences(healthy, judge.opinion(box)) == []
    box.power_loss()
    kit.undo(box)
    assert (top / "overlay2" / ORPHAN / "diff").is_dir()


def test_a_wrong_mount_is_lifted_before_a_container_starts_on_it(dead_box: Box) -> None:
    """An overlay of fewer layers lies where a container's belongs: dockerd would start it with other files."""
    box, top = dead_box, dead_box.data_root
    mount = writable(top)
    own = f"/var/lib/docker/overlay2/{mount.name}"
    lower = ":".join(f"/var/lib/docker/overlay2/{name}" for name in (mount / "lower").read_text().split(":")[:2])
    (mount / "merged").mkdir(exist_ok=True)
    options = f"lowerdir={lower},upperdir={own}/diff,workdir={own}/work"
    box.run(["mount", "-t", "overlay", "-o", options, "overlay", f"{own}/merged"])
    assert problems(box, notes=True) == {"mount-left-in-merged"}
    done = box.doctor(*APPLY, "state")
    assert problems(box, notes=True) == set(), done.stdout + done.stderr
    assert f"{own}/merged" not in box.read("/proc/self/mountinfo")
    kit.undo(box)
    assert problems(box, notes=True) == {"mount-left-in-merged"}
    box.doctor(*APPLY, "state")
    box.start_dockerd()
    assert judge.markers(box)["job"] == "job"
    assert problems(box, notes=True) == set()
