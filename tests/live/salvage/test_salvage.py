"""Images out of roots whose engine is dead: skopeo takes them, and a fresh dockerd sees the same images and files."""

import hashlib
import json
import shutil
import time
from pathlib import Path
from random import Random

import pytest

from tests.hosts import damage, judge, places
from tests.hosts.box import Box
from tests.hosts.patient import CONTAINERS
from tests.hosts.places import STORE
from tests.hosts.sandbox import SandboxError
from tests.live.containerd import containerd_kit as store
from tests.live.salvage.salvage_kit import IMAGES, OUT, TAGS, loaded, salvaged

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def everything(top: Path) -> dict[str, tuple[int, int, int, str]]:
    """Every name beneath a directory with its mode, owner, time of change and content."""
    seen = {}
    for path in sorted(top.rglob("*")):
        about = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        seen[str(path.relative_to(top))] = (about.st_mode, about.st_uid, about.st_mtime_ns, content)
    return seen


def break_layer(box: Box) -> Path:
    """Change one byte of one file in one layer; return the file."""
    victim = next(path for path in sorted(box.data_root.glob("overlay2/*/diff/bin/busybox")) if path.is_file())
    damage.flip(victim, 1000, bit=0x40)
    return victim


def test_a_root_whose_engine_can_not_start_is_loaded_elsewhere(dead_box: Box, healthy: judge.Opinion) -> None:
    """Tags from the temporary file, a layer's directory proven by content; ids and files are those of the baseline."""
    top = dead_box.data_root
    (top / "network/files/local-kv.db").write_bytes(b"\xff" * 65536)
    (top / STORE / "repositories.json").rename(top / STORE / ".tmp-repositories.json7")
    damage.empty(top / STORE / "repositories.json")
    for record in places.records(top)[:2]:
        damage.empty(record / "cache-id")
    with pytest.raises(SandboxError):
        dead_box.start_dockerd()
    done = dead_box.doctor("salvage", "--to", OUT, "--tar", IMAGES)
    assert done.returncode == 0, done.stdout + done.stderr
    ids, contents = healthy.images, healthy.contents
    assert salvaged(dead_box) == ids
    with loaded(dead_box) as other:
        assert judge.images(other) == ids
        assert judge.contents(other) == contents


def test_after_a_healthy_scan_everything_is_salvaged(dead_box: Box, healthy: judge.Opinion) -> None:
    """No layer record, no name and no config of an image is left: the backup has them, and the digests prove them."""
    # The engine is down and says so; the root is healthy, so its backup is taken.
    dead_box.doctor("scan", "-q")
    store = dead_box.data_root / STORE
    for path in [
        *store.glob("layerdb/sha256/*/*"),
        *store.glob("imagedb/content/sha256/*"),
        store / "repositories.json",
    ]:
        damage.empty(path)
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert salvaged(dead_box) == healthy.images


def test_a_removed_store_is_salvaged_by_its_layers(dead_box: Box, healthy: judge.Opinion) -> None:
    """The directories image and containers are gone: after a healthy scan the remaining layers show what they were."""
    dead_box.doctor("scan", "-q")
    for name in ("image", "containers"):
        shutil.rmtree(dead_box.data_root / name)
    done = dead_box.doctor("salvage", "--to", OUT, "--tar", IMAGES, "--containers")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in CONTAINERS:
        assert f"container {name} as an image" in done.stdout
    with loaded(dead_box) as other:
        assert healthy.images.items() <= judge.images(other).items()
        assert other.docker("run", "--rm", "salvaged-container:job", "cat", "/marker") == "job"


def test_a_removed_store_that_nothing_knows_is_reported(dead_box: Box) -> None:
    """Without a backup no record shows which images the layers were of: that is reported, and is not a success."""
    for name in ("image", "containers"):
        shutil.rmtree(dead_box.data_root / name)
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 1, done.stdout
    assert "/var/lib/docker/image is missing, and no record shows the images" in done.stdout


def test_compressed_layers_are_loaded_too(dead_box: Box, healthy: judge.Opinion) -> None:
    """Gzip in the layout and in the tar, which goes through a pipe; a second run compresses nothing again."""
    script = f"{dead_box.doctor_path} salvage --to {OUT} --compress --tar - com:1 bb:1 >{IMAGES}"
    dead_box.run(["sh", "-c", script])
    blobs = {path.name: path.stat().st_ino for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()}
    assert dead_box.doctor("salvage", "--to", OUT, "--compress", "com:1", "bb:1").returncode == 0
    assert {path.name: path.stat().st_ino for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()} == blobs
    ids, contents = healthy.images, healthy.contents
    assert salvaged(dead_box) == {name: ids[name] for name in ("bb:1", "com:1")}
    with loaded(dead_box) as other:
        assert judge.images(other) == {name: ids[name] for name in ("bb:1", "com:1")}
        assert judge.contents(other) == {name: contents[name] for name in ("bb:1", "com:1")}


def test_a_read_only_root_is_read_and_stays_as_it_is(dead_box: Box) -> None:
    """A bind mount that nobody can write to, volumes and writable layers included."""
    before = everything(dead_box.data_root)
    dead_box.run(["sh", "-ec", "mkdir -p /disk/var/lib/docker; mount --rbind /var/lib/docker /disk/var/lib/docker"])
    dead_box.run(["mount", "-o", "remount,bind,ro", "/disk/var/lib/docker"])
    inside = dead_box.doctor("salvage", "--root", "/disk", "--to", "/disk/out")
    assert inside.returncode == 5, "nothing is written beneath the root that is examined"
    done = dead_box.doctor("salvage", "--root", "/disk", "--to", OUT, "--volumes", "--containers", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert everything(dead_box.data_root) == before
    assert not dead_box.exists("/disk/out")
    trees = {(tree["kind"], tree["name"]): tree["file"] for tree in json.loads(done.stdout)["trees"]}
    assert {name for kind, name in trees if kind == "container"} == {"web", "plain", "job", "anon", "talk", "made"}
    listed = dead_box.run(["tar", "-tf", f"{OUT}/{trees['container', 'job']}"]).stdout.split()
    assert {"marker", "t/.wh.link"} <= set(listed), "what the container removed is a whiteout"
    unpacked = dead_box.run(["tar", "-xOf", f"{OUT}/{trees['volume', 'data']}", "file"]).stdout
    assert unpacked == "kept\n"
    assert oct(dead_box.path(OUT).stat().st_mode & 0o777) == "0o700"
    assert {oct(path.stat().st_mode & 0o777) for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()} == {"0o600"}


def test_an_altered_layer_is_named_and_left_out(dead_box: Box, healthy: judge.Opinion) -> None:
    """One byte of one file: the images on it are left out, the others are there; asked for, they come marked."""
    victim = break_layer(dead_box)
    done = dead_box.doctor("salvage", "--to", OUT, "--format", "json")
    assert done.returncode == 1, done.stderr
    outcome = json.loads(done.stdout)
    lost = {left["name"] for left in outcome["left"]}
    names = salvaged(dead_box)
    assert lost
    assert lost & TAGS
    assert set(names) | {name for name in lost if ":" in name} >= TAGS - {"leg:1"}
    assert not set(names) & lost
    assert all("altered: " in left["reason"] and "bin/busybox" in left["reason"] for left in outcome["left"]), victim
    assert all(names[name] == healthy.images[name] for name in names)
    again = dead_box.doctor("salvage", "--to", OUT, "--unproven", "--tar", IMAGES)
    assert again.returncode == 1, again.stderr
    marked = salvaged(dead_box)
    wanted = {f"{name.partition(':')[0]}:{name.partition(':')[2]}-unproven" for name in lost if ":" in name}
    assert wanted <= set(marked)
    assert not set(marked.values()) & {healthy.images[name] for name in lost if name in healthy.images}
    with loaded(dead_box) as other:
        assert judge.images(other) == marked


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_salvage_is_gone_on_with(dead_box: Box, seed: int) -> None:
    """Killed when some blobs are there: nothing half written has a name, and what is whole is not written again."""
    random = Random(seed)
    wanted = random.randrange(1, 12)
    blobs = dead_box.path(f"{OUT}/blobs/sha256")
    pid = dead_box.start([dead_box.doctor_path, "salvage", "--to", OUT, *random.choice([[], ["--compress"]])])
    deadline = time.monotonic() + 30
    while dead_box.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        if blobs.is_dir() and len(list(blobs.iterdir())) >= wanted:
            dead_box.run(["kill", "-9", str(pid)], check=False)
            break
        time.sleep(0.001)
    while dead_box.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.01)
    there = {path.name: path.stat().st_ino for path in blobs.iterdir() if not path.name.startswith(".")}
    print(f"seed {seed}: killed with {len(there)} blobs, wanted {wanted}")
    assert all(hashlib.sha256((blobs / name).read_bytes()).hexdigest() == name for name in there)
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 0, done.stderr
    assert set(salvaged(dead_box)) == TAGS
    after = {path.name: path.stat().st_ino for path in blobs.iterdir()}
    assert {name: after.get(name) for name in there} == there
    assert not [name for name in after if name.startswith(".")]


def test_a_damaged_blob_is_written_again(dead_box: Box) -> None:
    """A stick that lied, a bit that fell: what is there is believed by its digest alone."""
    assert dead_box.doctor("salvage", "--to", OUT, "--quiet").returncode == 0
    largest = max(dead_box.path(f"{OUT}/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    damage.flip(largest, 5000, bit=1)
    assert dead_box.doctor("salvage", "--to", OUT, "--quiet").returncode == 0
    assert hashlib.sha256(largest.read_bytes()).hexdigest() == largest.name


@pytest.mark.parametrize("how", [(), ("--compress",)], ids=["plain", "compress"])
def test_the_disk_is_never_filled(dead_box: Box, how: tuple[str, ...]) -> None:
    """Refused before the first byte or between two layers, never by an error of the disk; then a larger one takes it."""
    dead_box.run(["sh", "-ec", f"mkdir -p {OUT}; mount -t tmpfs -o size=3m,mode=700 tmpfs {OUT}"])
    done = dead_box.doctor("salvage", "--to", OUT, *how)
    assert done.returncode == 5
    assert "needs" in done.stderr
    assert "available" in done.stderr
    left = dead_box.run(["ls", "-A", f"{OUT}/blobs/sha256"]).stdout.split()
    assert not [name for name in left if name.startswith(".")]
    dead_box.run(["mount", "-o", "remount,size=32m", OUT])
    assert dead_box.doctor("salvage", "--to", OUT, *how).returncode == 0
    assert set(salvaged(dead_box)) == TAGS


def test_a_directory_that_holds_something_else_is_refused(dead_box: Box) -> None:
    """Somebody's files, another root's salvage, and the data root itself are not written to; a wrong name is reported."""
    dead_box.write(f"{OUT}/file", "mine")
    assert dead_box.doctor("salvage", "--to", OUT).returncode == 5
    assert dead_box.run(["ls", "-A", OUT]).stdout == "file\n"
    assert dead_box.doctor("salvage", "--to", "/var/lib/docker/out").returncode == 5
    assert not dead_box.exists("/var/lib/docker/out")
    assert dead_box.doctor("salvage", "--to", "/mnt/two").returncode == 0
    dead_box.write("/var/lib/docker/engine-id", "0e0e0e0e-0e0e-0e0e-0e0e-0e0e0e0e0e0e")
    other = dead_box.doctor("salvage", "--to", "/mnt/two")
    assert other.returncode == 5
    assert "not a salvage of this data root" in other.stderr
    assert dead_box.doctor("salvage", "--to", "/mnt/three", "nosuch:1").returncode == 2
    assert dead_box.doctor("salvage").returncode == 2


def test_containerd_store(can_box: None) -> None:
    """The image store of containerd: by its records, and without them by what the blobs are; files as dockerd shows them."""
    with Box() as box:
        store.use(box)
        box.start_dockerd()
        box.load_images()
        ids, contents = judge.images(box), judge.contents(box)
        assert set(ids) == TAGS
        assert not [name for name, lines in contents.items() if lines.startswith("failed")]
        box.power_loss()
        done = box.doctor("salvage", "--to", OUT, "--tar", IMAGES)
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(salvaged(box)) == set(ids)
        blobs = store.of_engine(box) / store.BLOBS
        victim = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
        damage.flip(victim)
        altered = box.doctor("salvage", "--to", "/mnt/altered")
        assert altered.returncode == 1
        assert f"its blob sha256:{victim.name} is corrupt" in altered.stdout
        damage.empty(store.of_engine(box) / store.META)
        damage.flip(victim)
        nameless = box.doctor("salvage", "--to", "/mnt/nameless", "--format", "json")
        assert nameless.returncode == 0, nameless.stderr
        outcome = json.loads(nameless.stdout)
        assert {f"sha256:{image['id']}" for image in outcome["images"]} >= set(ids.values())
        assert "lost their names" in outcome["notes"][0]
        for settings in (store.SETTINGS, "{}"):
            with loaded(box, settings=settings) as other:
                assert judge.contents(other) == contents
                if settings == store.SETTINGS:
                    assert judge.images(other) == ids


def test_lost_tar_splits_are_made_again(dead_box: Box, healthy: judge.Opinion) -> None:
    """Those of all layers that Docker packed itself: the tar made of the directory has the digest, so it is the layer's."""
    for record in places.records(dead_box.data_root):
        # The first layer was imported: packed by another tool, in an order of its own.
        if (record / "parent").exists():
            (record / "tar-split.json.gz").unlink()
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 0, done.stdout
    assert salvaged(dead_box) == healthy.images
    first = next(record for record in places.records(dead_box.data_root) if not (record / "parent").exists())
    (first / "tar-split.json.gz").unlink()
    lost = dead_box.doctor("salvage", "--to", "/mnt/other")
    assert lost.returncode == 1
    assert "its tar-split is missing" in lost.stdout
