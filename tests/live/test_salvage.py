"""Images out of roots whose engine is dead: skopeo takes them, and a fresh dockerd sees the same images and files."""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.hosts import judge
from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.sandbox import SandboxError

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STORE = "image/overlay2"
OUT = "/mnt/out"
TAGS = {"app:latest", "bb:1", "bk:1", "com:1", "leg:1"}


@pytest.fixture
def dead_box(can_box: None) -> Iterator[Box]:
    """A box with the patient as a power loss left it: no dockerd has run since."""
    with Box(data_root=patient()) as made:
        yield made


@pytest.fixture(scope="module")
def healthy(can_box: None) -> tuple[dict[str, str], dict[str, str]]:
    """Image ids by name, and the files of each image, as dockerd shows them on the undamaged patient."""
    with Box(data_root=patient()) as box:
        box.start_dockerd()
        ids, contents = judge.images(box), judge.contents(box)
        assert set(ids) == TAGS
        assert not [name for name, lines in contents.items() if lines.startswith("failed")]
        return ids, contents


def root(box: Box) -> Path:
    """The data root, from outside."""
    return box.workdir / "docker"


def everything(top: Path) -> dict[str, tuple[int, int, int, str]]:
    """Every name beneath a directory with its mode, owner, time of change and content."""
    seen = {}
    for path in sorted(top.rglob("*")):
        about = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        seen[str(path.relative_to(top))] = (about.st_mode, about.st_uid, about.st_mtime_ns, content)
    return seen


def salvaged(box: Box) -> dict[str, str]:
    """Name → image id of what skopeo takes out of the layout: it checks every blob against its digest."""
    names = {}
    for entry in json.loads(box.read(f"{OUT}/index.json"))["manifests"]:
        name = entry.get("annotations", {}).get("org.opencontainers.image.ref.name", "")
        if name:
            box.run(["skopeo", "copy", "--quiet", f"oci:{OUT}:{name}", "dir:/tmp/copy"])
            names[name] = json.loads(box.read("/tmp/copy/manifest.json"))["config"]["digest"]
            box.run(["rm", "-r", "/tmp/copy"])
    return names


def break_layer(box: Box) -> tuple[str, bytes]:
    """Change one byte of /www/index.html or the like in one layer; return its layer directory and old content."""
    victim = next(path for path in sorted(root(box).glob("overlay2/*/diff/bin/busybox")) if path.is_file())
    data = bytearray(victim.read_bytes())
    data[1000] ^= 0x40
    victim.write_bytes(data)
    return str(victim), bytes(data)


def test_a_root_whose_engine_can_not_start_is_loaded_elsewhere(
    dead_box: Box, healthy: tuple[dict[str, str], dict[str, str]]
) -> None:
    """Tags from the temporary file, a layer's directory proven by content; ids and files are those of the baseline."""
    top = root(dead_box)
    (top / "network/files/local-kv.db").write_bytes(b"\xff" * 65536)
    (top / STORE / "repositories.json").rename(top / STORE / ".tmp-repositories.json7")
    (top / STORE / "repositories.json").write_bytes(b"")
    for record in sorted((top / STORE / "layerdb/sha256").iterdir())[:2]:
        (record / "cache-id").write_bytes(b"")
    with pytest.raises(SandboxError):
        dead_box.start_dockerd()
    done = dead_box.doctor("salvage", "--to", OUT, "--tar", "/mnt/images.tar")
    assert done.returncode == 0, done.stdout + done.stderr
    ids, contents = healthy
    assert salvaged(dead_box) == ids
    with Box() as other:
        other.start_dockerd()
        shutil.copy(dead_box.path("/mnt/images.tar"), other.path("/mnt/images.tar"))
        other.docker("load", "-i", "/mnt/images.tar")
        assert judge.images(other) == ids
        assert judge.contents(other) == contents


def test_after_a_healthy_scan_everything_is_salvaged(
    dead_box: Box, healthy: tuple[dict[str, str], dict[str, str]]
) -> None:
    """No layer record, no name and no config of an image is left: the backup tells them, and the digests prove them."""
    # The engine is down and says so; the root is healthy, so its backup is taken.
    dead_box.doctor("scan", "-q")
    store = root(dead_box) / STORE
    for path in [
        *store.glob("layerdb/sha256/*/*"),
        *store.glob("imagedb/content/sha256/*"),
        store / "repositories.json",
    ]:
        path.write_bytes(b"")
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert salvaged(dead_box) == healthy[0]


def test_compressed_layers_are_loaded_too(dead_box: Box, healthy: tuple[dict[str, str], dict[str, str]]) -> None:
    """Gzip in the layout and in the tar, which goes through a pipe; a second run compresses nothing again."""
    script = f"{dead_box.doctor_path} salvage --to {OUT} --compress --tar - com:1 bb:1 >/mnt/images.tar"
    dead_box.run(["sh", "-c", script])
    blobs = {path.name: path.stat().st_ino for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()}
    assert dead_box.doctor("salvage", "--to", OUT, "--compress", "com:1", "bb:1").returncode == 0
    assert {path.name: path.stat().st_ino for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()} == blobs
    ids, contents = healthy
    assert salvaged(dead_box) == {name: ids[name] for name in ("bb:1", "com:1")}
    with Box() as other:
        other.start_dockerd()
        shutil.copy(dead_box.path("/mnt/images.tar"), other.path("/mnt/images.tar"))
        other.docker("load", "-i", "/mnt/images.tar")
        assert judge.images(other) == {name: ids[name] for name in ("bb:1", "com:1")}
        assert judge.contents(other) == {name: contents[name] for name in ("bb:1", "com:1")}


def test_a_read_only_root_is_read_and_stays_as_it_is(dead_box: Box) -> None:
    """A bind mount that nobody can write to, volumes and writable layers included."""
    before = everything(root(dead_box))
    dead_box.run(["sh", "-ec", "mkdir -p /disk/var/lib/docker; mount --rbind /var/lib/docker /disk/var/lib/docker"])
    dead_box.run(["mount", "-o", "remount,bind,ro", "/disk/var/lib/docker"])
    inside = dead_box.doctor("salvage", "--root", "/disk", "--to", "/disk/out")
    assert inside.returncode == 5, "nothing is written beneath the root that is examined"
    done = dead_box.doctor("salvage", "--root", "/disk", "--to", OUT, "--volumes", "--containers", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert everything(root(dead_box)) == before
    assert not dead_box.exists("/disk/out")
    trees = {(tree["kind"], tree["name"]): tree["file"] for tree in json.loads(done.stdout)["trees"]}
    assert {name for kind, name in trees if kind == "container"} == {"web", "plain", "job", "anon", "talk", "made"}
    listed = dead_box.run(["tar", "-tf", f"{OUT}/{trees['container', 'job']}"]).stdout.split()
    assert {"marker", "t/.wh.link"} <= set(listed), "what the container removed is a whiteout"
    unpacked = dead_box.run(["tar", "-xOf", f"{OUT}/{trees['volume', 'data']}", "file"]).stdout
    assert unpacked == "kept\n"
    assert oct(dead_box.path(OUT).stat().st_mode & 0o777) == "0o700"
    assert {oct(path.stat().st_mode & 0o777) for path in dead_box.path(f"{OUT}/blobs/sha256").iterdir()} == {"0o600"}


def test_an_altered_layer_is_named_and_left_out(dead_box: Box, healthy: tuple[dict[str, str], dict[str, str]]) -> None:
    """One byte of one file: the images on it are left out, the others are there; asked for, they come marked."""
    victim, _ = break_layer(dead_box)
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
    assert all(names[name] == healthy[0][name] for name in names)
    again = dead_box.doctor("salvage", "--to", OUT, "--unproven", "--tar", "/mnt/images.tar")
    assert again.returncode == 1, again.stderr
    marked = salvaged(dead_box)
    wanted = {f"{name.partition(':')[0]}:{name.partition(':')[2]}-unproven" for name in lost if ":" in name}
    assert wanted <= set(marked)
    assert not set(marked.values()) & {healthy[0][name] for name in lost if name in healthy[0]}
    with Box() as other:
        other.start_dockerd()
        shutil.copy(dead_box.path("/mnt/images.tar"), other.path("/mnt/images.tar"))
        other.docker("load", "-i", "/mnt/images.tar")
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
    data = bytearray(largest.read_bytes())
    data[5000] ^= 1
    largest.write_bytes(data)
    assert dead_box.doctor("salvage", "--to", OUT, "--quiet").returncode == 0
    assert hashlib.sha256(largest.read_bytes()).hexdigest() == largest.name


@pytest.mark.parametrize("how", [(), ("--compress",)], ids=["plain", "compress"])
def test_the_disk_is_never_filled(dead_box: Box, how: tuple[str, ...]) -> None:
    """Refused before the first byte or between two layers, never by an error of the disk; then a larger one takes it."""
    dead_box.run(["sh", "-ec", f"mkdir -p {OUT}; mount -t tmpfs -o size=3m,mode=700 tmpfs {OUT}"])
    done = dead_box.doctor("salvage", "--to", OUT, *how)
    assert done.returncode == 5
    assert "needs" in done.stderr
    assert "free to use" in done.stderr
    left = dead_box.run(["ls", "-A", f"{OUT}/blobs/sha256"]).stdout.split()
    assert not [name for name in left if name.startswith(".")]
    dead_box.run(["mount", "-o", "remount,size=32m", OUT])
    assert dead_box.doctor("salvage", "--to", OUT, *how).returncode == 0
    assert set(salvaged(dead_box)) == TAGS


def test_a_directory_that_holds_something_else_is_refused(dead_box: Box) -> None:
    """Somebody's files, another root's salvage, and the data root itself are not written to; a wrong name is told."""
    dead_box.write(f"{OUT}/file", "mine")
    assert dead_box.doctor("salvage", "--to", OUT).returncode == 5
    assert dead_box.run(["ls", "-A", OUT]).stdout == "file\n"
    assert dead_box.doctor("salvage", "--to", "/var/lib/docker/out").returncode == 5
    assert not dead_box.exists("/var/lib/docker/out")
    assert dead_box.doctor("salvage", "--to", "/mnt/two").returncode == 0
    dead_box.write("/var/lib/docker/engine-id", "0e0e0e0e-0e0e-0e0e-0e0e-0e0e0e0e0e0e")
    other = dead_box.doctor("salvage", "--to", "/mnt/two")
    assert other.returncode == 5
    assert "no salvage of this data root" in other.stderr
    assert dead_box.doctor("salvage", "--to", "/mnt/three", "nosuch:1").returncode == 2
    assert dead_box.doctor("salvage").returncode == 2


def test_containerd_store(can_box: None) -> None:
    """The image store of containerd: by its records, and without them by what the blobs are; files as dockerd shows them."""
    settings = json.dumps({"features": {"containerd-snapshotter": True}})
    with Box() as box:
        box.write("/etc/docker/daemon.json", settings)
        box.start_dockerd()
        box.load_images()
        ids, contents = judge.images(box), judge.contents(box)
        assert set(ids) == TAGS
        assert not [name for name, lines in contents.items() if lines.startswith("failed")]
        box.power_loss()
        done = box.doctor("salvage", "--to", OUT, "--tar", "/mnt/images.tar")
        assert done.returncode == 0, done.stdout + done.stderr
        assert set(salvaged(box)) == set(ids)
        blobs = box.path("/var/lib/docker/containerd/daemon/io.containerd.content.v1.content/blobs/sha256")
        victim = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
        data = bytearray(victim.read_bytes())
        data[len(data) // 2] ^= 4
        victim.write_bytes(data)
        altered = box.doctor("salvage", "--to", "/mnt/altered")
        assert altered.returncode == 1
        assert f"its blob sha256:{victim.name} is altered" in altered.stdout
        box.path("/var/lib/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db").write_bytes(b"")
        data[len(data) // 2] ^= 4
        victim.write_bytes(data)
        nameless = box.doctor("salvage", "--to", "/mnt/nameless", "--format", "json")
        assert nameless.returncode == 0, nameless.stderr
        outcome = json.loads(nameless.stdout)
        assert {f"sha256:{image['id']}" for image in outcome["images"]} >= set(ids.values())
        assert "lost their names" in outcome["notes"][0]
        for store in (settings, "{}"):
            with Box() as other:
                other.write("/etc/docker/daemon.json", store)
                other.start_dockerd()
                shutil.copy(box.path("/mnt/images.tar"), other.path("/mnt/images.tar"))
                other.docker("load", "-i", "/mnt/images.tar")
                assert judge.contents(other) == contents
                if store == settings:
                    assert judge.images(other) == ids


def test_lost_tar_splits_are_made_again(dead_box: Box, healthy: tuple[dict[str, str], dict[str, str]]) -> None:
    """Those of all layers that Docker packed itself: the tar made of the directory has the digest, so it is the layer's."""
    for record in records_of(dead_box):
        # The first layer was imported: packed by another tool, in an order of its own.
        if (record / "parent").exists():
            (record / "tar-split.json.gz").unlink()
    done = dead_box.doctor("salvage", "--to", OUT)
    assert done.returncode == 0, done.stdout
    assert salvaged(dead_box) == healthy[0]
    first = next(record for record in records_of(dead_box) if not (record / "parent").exists())
    (first / "tar-split.json.gz").unlink()
    lost = dead_box.doctor("salvage", "--to", "/mnt/other")
    assert lost.returncode == 1
    assert "its tar-split is gone" in lost.stdout


def records_of(box: Box) -> list[Path]:
    """The records of the layers."""
    return sorted((root(box) / STORE / "layerdb/sha256").iterdir())
