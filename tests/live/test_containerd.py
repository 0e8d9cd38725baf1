"""The containerd image store of a real dockerd: torn, mended, judged by dockerd, and taken back."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.formats.bolt import find_metas
from tests.hosts import archive, judge
from tests.hosts.box import INIT_SCRIPT, Box
from tests.hosts.patient import populate

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SETTINGS = json.dumps({"features": {"containerd-snapshotter": True}})
META = "io.containerd.metadata.v1.bolt/meta.db"
SNAPSHOTTER = "io.containerd.snapshotter.v1.overlayfs/metadata.db"
BLOBS = "io.containerd.content.v1.content/blobs/sha256"
SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"
Fault = Callable[[Path], None]


@pytest.fixture(scope="module")
def torn_root(can_box: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tar of a data root with the patient in the containerd store, as a power loss left it."""
    target = tmp_path_factory.mktemp("containerd") / "root.tar"
    with Box() as box:
        box.write("/etc/docker/daemon.json", SETTINGS)
        box.start_dockerd()
        populate(box)
        box.power_loss()
        archive.pack(box.workdir / "docker", target)
    return target


@pytest.fixture(scope="module")
def healthy(torn_root: Path) -> judge.Opinion:
    """What dockerd says of it after a power loss and nothing else."""
    with Box(data_root=torn_root) as box:
        box.write("/etc/docker/daemon.json", SETTINGS)
        box.start_dockerd()
        return judge.opinion(box)


@pytest.fixture
def dead_box(torn_root: Path) -> Iterator[Box]:
    """A box with that root: no dockerd has run since."""
    with Box(data_root=torn_root) as box:
        box.write("/etc/docker/daemon.json", SETTINGS)
        box.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        yield box


def store(box: Box) -> Path:
    """The containerd's directory, from outside."""
    return box.workdir / "docker/containerd/daemon"


def seen(box: Box, *arguments: str) -> set[str]:
    """Ids of what a scan of the state finds, without notes."""
    found = json.loads(box.doctor("scan", "--select", "state", "--format", "json", *arguments).stdout)["findings"]
    return {finding["id"].removeprefix("state/") for finding in found if finding["severity"] != "info"}


def repair(box: Box, *arguments: str) -> str:
    """Repair, and let doctor start the engine."""
    done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", *arguments)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert box.engine_answers()
    return done.stdout


def tree(top: Path) -> dict[str, tuple[object, ...]]:
    """Every entry with all that counts."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(top.rglob("*")):
        about = path.lstat()
        content: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        names = os.listxattr(path, follow_symlinks=False)
        xattrs = {key: os.getxattr(path, key, follow_symlinks=False) for key in names}
        found[str(path.relative_to(top))] = (about.st_mode, about.st_uid, about.st_gid, about.st_rdev, content, xattrs)
    return found


def layer_with(top: Path, name: str) -> Path:
    """The ``fs`` of the newest snapshot that has an entry of this name: older ones are BuildKit's own."""
    places = sorted((top / SNAPSHOTS).iterdir(), key=lambda path: int(path.name), reverse=True)
    return next(path / "fs" for path in places if os.path.lexists(path / "fs" / name))


def manifest(top: Path) -> Path:
    """The manifest of the image with one layer: nothing else has it."""
    for path in (top / BLOBS).iterdir():
        if path.stat().st_size < 600 and b'"layers"' in path.read_bytes() and b"in-toto" not in path.read_bytes():
            return path
    raise AssertionError("no manifest of one layer")


def tear(top: Path) -> None:
    """A flipped bit, tampered and planted files, a lost link, whiteout and owner, and two lost directories."""
    small = manifest(top)
    data = bytearray(small.read_bytes())
    data[100] ^= 4
    small.write_bytes(data)
    base = layer_with(top, "opt/raw")
    (base / "etc/passwd").write_bytes(b"root::0:0::/:/bin/sh\n")
    (base / "planted").write_bytes(b"x")
    (base / "bin/sh").unlink()
    os.chown(base / "opt/raw", 7, 7)
    whiteout = next(path for path in (top / SNAPSHOTS).glob("*/fs/t/one") if path.is_char_device())
    whiteout.unlink()
    shutil.rmtree(layer_with(top, "bk/same").parents[0])
    shutil.rmtree(layer_with(top, "com"))


def test_what_is_torn_comes_back_and_can_be_torn_again(dead_box: Box, healthy: judge.Opinion) -> None:
    """A healthy store has no finding; each fault is named; undo brings the faults back; mended, dockerd sees all as before."""
    box = dead_box
    top = store(box)
    assert seen(box, "--deep") == set()
    before = tree(top / SNAPSHOTS), tree(top / BLOBS)
    tear(top)
    torn = tree(top / SNAPSHOTS), tree(top / BLOBS)
    assert seen(box) == {"containerd-snapshot-missing"}
    assert seen(box, "--deep") == {
        "containerd-snapshot-missing",
        "containerd-snapshot-altered",
        "containerd-blob-corrupt",
    }
    box.doctor("fix", "state", "--deep", "--apply", "--yes", "--allow", "disruptive")
    restored = {name: entry for name, entry in tree(top / SNAPSHOTS).items() if not name.endswith("/work")}
    assert restored == {name: entry for name, entry in before[0].items() if not name.endswith("/work")}
    assert tree(top / BLOBS) == before[1]
    undone = box.doctor("undo", "--yes")
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert (tree(top / SNAPSHOTS), tree(top / BLOBS)) == torn
    repair(box, "--deep")
    assert seen(box, "--deep") == set()
    assert judge.differences(healthy, judge.opinion(box)) == []


def roots_zeroed(path: Path) -> None:
    """Both generations lose their root page."""
    data = bytearray(path.read_bytes())
    for meta in find_metas(bytes(data)):
        data[meta.root * meta.page_size : (meta.root + 1) * meta.page_size] = bytes(meta.page_size)
    path.write_bytes(data)


def emptied(path: Path) -> None:
    """Not a byte is left."""
    path.write_bytes(b"")


def garbled(path: Path) -> None:
    """Nothing of it is left but its length."""
    path.write_bytes(os.urandom(path.stat().st_size))


@pytest.mark.parametrize(
    ("faults", "is_kept", "ids"),
    [
        ({META: roots_zeroed}, False, {"containerd-db-corrupt"}),
        ({SNAPSHOTTER: roots_zeroed}, False, {"containerd-snapshot-db-corrupt"}),
        ({META: emptied, SNAPSHOTTER: Path.unlink}, True, {"containerd-store-db-lost", "containerd-snapshot-db-lost"}),
        ({META: garbled}, True, {"containerd-db-corrupt"}),
    ],
    ids=["roots of meta.db", "roots of metadata.db", "both lost, kept", "garbage, kept"],
)
def test_lost_lists_are_made_again(
    dead_box: Box, healthy: judge.Opinion, faults: dict[str, Fault], is_kept: bool, ids: set[str]
) -> None:
    """Dockerd has everything, names too, and its clean-up deletes nothing."""
    box = dead_box
    top = store(box)
    if is_kept:
        box.doctor("scan")
    for name, fault in faults.items():
        fault(top / name)
    assert seen(box) == ids
    contents = set(os.listdir(top / BLOBS))
    repair(box)
    assert judge.differences(healthy, judge.opinion(box)) == []
    collect_garbage(box)
    assert set(os.listdir(top / BLOBS)) == contents
    assert seen(box) == set()


def test_an_older_list_gets_what_was_made_since(dead_box: Box) -> None:
    """A day-old meta.db is put back: what is newer is listed again before a start, and a clean-up deletes nothing of it."""
    box = dead_box
    top = store(box)
    older = (top / META).read_bytes()
    box.start_dockerd()
    box.docker("run", "--name", "late", "--network", "none", "app:latest", "sh", "-c", "echo late >/marker")
    box.docker("commit", "late", "fresh:1")
    box.docker("run", "--name", "later", "--network", "none", "fresh:1", "sh", "-c", "echo later >/marker")
    before = judge.images(box)
    box.power_loss()
    (top / META).write_bytes(older)
    assert seen(box) == {"containerd-db-rolled-back"}
    assert box.doctor("guard").returncode == 10
    repair(box)
    contents, snapshots = set(os.listdir(top / BLOBS)), set(os.listdir(top / SNAPSHOTS))
    collect_garbage(box)
    assert (set(os.listdir(top / BLOBS)), set(os.listdir(top / SNAPSHOTS))) == (contents, snapshots)
    assert judge.images(box) == before
    assert {"late": "late", "later": "later", "job": "job"}.items() <= judge.markers(box).items()
    assert seen(box) == set()


def test_a_list_without_any_copy_is_made_of_what_is_there(dead_box: Box, healthy: judge.Opinion) -> None:
    """Only names that no container tells are lost; every image, container and file is kept through a clean-up and a restart."""
    box = dead_box
    top = store(box)
    (top / META).unlink()
    assert seen(box) == {"containerd-store-db-lost"}
    contents, snapshots = set(os.listdir(top / BLOBS)), set(os.listdir(top / SNAPSHOTS))
    repair(box)
    collect_garbage(box)
    assert (set(os.listdir(top / BLOBS)), set(os.listdir(top / SNAPSHOTS))) == (contents, snapshots)
    box.stop_dockerd()
    box.start_dockerd()
    after = judge.opinion(box)
    assert after.images == {name: healthy.images[name] for name in ("app:latest", "bb:1", "com:1")}
    lost = {f"{part}[{name}]" for part in ("images", "contents", "saves") for name in ("bk:1", "leg:1")}
    told = {line.partition(":1]")[0] + ":1]" for line in judge.differences(healthy, after) if "untagged" not in line}
    assert told == lost
    assert healthy.images["bk:1"][7:19] in box.docker("images", "-a", "--format", "{{.ID}}")


def collect_garbage(box: Box) -> None:
    """Removing a name makes containerd look for what nobody needs."""
    box.docker("tag", "bb:1", "gone:1")
    box.docker("rmi", "gone:1")
    box.run(["sleep", "1"])
