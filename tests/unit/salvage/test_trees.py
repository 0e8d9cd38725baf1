"""Volumes and writable layers of every driver, read back by Python's tarfile, GNU tar and the shell."""

import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from doctor.formats.bolt import Bucket
from doctor.formats.bolt_write import write
from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError
from doctor.salvage.memory import Memory
from doctor.salvage.values import Outcome
from doctor.salvage.work import Wish, salvage
from tests.unit.salvage.roots import MadeRoot

CONTAINER = "c" * 64
MOUNT, INIT = "1" * 64, "2" * 64
ROOT = os.geteuid() == 0


def containers_of(root: MadeRoot, driver: str, *, mount: str = MOUNT, identity: str = CONTAINER) -> None:
    """Write the records of a container named web."""
    record = root.data / "image" / driver / "layerdb/mounts" / identity
    record.mkdir(parents=True)
    (record / "mount-id").write_text(mount)
    (record / "init-id").write_text(f"{mount}-init")
    files = root.data / "containers" / identity
    files.mkdir(parents=True)
    config = {
        "ID": identity,
        "Name": "/web",
        "Driver": driver,
        "Image": "sha256:" + "a" * 64,
        "Config": {"Image": "a:1"},
    }
    (files / "config.v2.json").write_text(json.dumps({**config, "State": {}}))
    (files / "hostconfig.json").write_text("{}")


def done(root: MadeRoot, to: Path, *, shared: bool = False) -> Outcome:
    """Salvage volumes and containers."""
    return salvage(
        RootHost(str(root.top)), Wish(to=str(to), volumes=True, containers=True, shared=shared), lambda _: None
    )


def members(to: Path, outcome: Outcome) -> dict[str, tarfile.TarInfo]:
    """The entries of the one container's tar."""
    (tree,) = [tree for tree in outcome.trees if tree.kind == "container"]
    with tarfile.open(to / tree.file) as tar:
        return {member.name: member for member in tar}


def full_copy(root: MadeRoot, driver: str, place: str) -> None:
    """A container's directory and the one it began as, which hold the image's files too."""
    for name in (f"{MOUNT}-init", MOUNT):
        top = root.data / place.format(name)
        (top / "etc/deep").mkdir(parents=True)
        (top / "gone/dir").mkdir(parents=True)
        for file in ("etc/same", "etc/changed", "etc/deep/file", "gone/dir/file", "removed", "file-to-dir", "mode"):
            (top / file).write_bytes(b"from the image")
            os.utime(top / file, ns=(0, 1_600_000_000_000_000_000))
    top = root.data / place.format(MOUNT)
    (top / "etc/changed").write_bytes(b"from the conta")
    (top / "etc/deep/new").write_bytes(b"new")
    (top / "mode").chmod(0o600)
    (top / "removed").unlink()
    (top / "file-to-dir").unlink()
    (top / "file-to-dir/inside").mkdir(parents=True)
    shutil.rmtree(top / "gone/dir")
    (top / "link").symlink_to("/etc/same")
    containers_of(root, driver)


@pytest.mark.parametrize(
    ("driver", "place"),
    [("vfs", "vfs/dir/{}"), ("btrfs", "btrfs/subvolumes/{}"), ("zfs", "zfs/graph/{}")],
)
def test_a_full_copy_gives_only_what_changed(driver: str, place: str, tmp_path: Path) -> None:
    """New, changed and removed names, with the directories that lead there; what the image had stays out."""
    root = MadeRoot(tmp_path / "host", driver)
    full_copy(root, driver, place)
    outcome = done(root, tmp_path / "out")
    assert [left for left in outcome.left if left.kind == "container"] == []
    assert set(members(tmp_path / "out", outcome)) == {
        ".",
        "etc",
        "etc/changed",
        "etc/deep",
        "etc/deep/new",
        "file-to-dir",
        "file-to-dir/inside",
        "gone",
        "gone/.wh.dir",
        ".wh.removed",
        "link",
        "mode",
    }
    about = json.loads((tmp_path / f"out/containers/web-{CONTAINER[:12]}.json").read_bytes())
    assert (about["name"], about["image"], about["driver"]) == ("web", "a:1", driver)
    assert (
        json.loads((tmp_path / f"out/containers/web-{CONTAINER[:12]}.config.v2.json").read_bytes())["ID"] == CONTAINER
    )


def test_a_zfs_data_set_that_is_not_mounted_is_told(tmp_path: Path) -> None:
    """An empty mount point is not an empty container."""
    root = MadeRoot(tmp_path / "host", "zfs")
    (root.data / "zfs/graph" / MOUNT).mkdir(parents=True)
    containers_of(root, "zfs")
    outcome = done(root, tmp_path / "out")
    assert "mount the container's ZFS data set" in next(one.reason for one in outcome.left if one.kind == "container")
    assert outcome.trees == ()


def test_aufs_tells_by_names_what_was_removed(tmp_path: Path) -> None:
    """Its own links are left out, its whiteouts and opaque directories get the form of OCI layers."""
    root = MadeRoot(tmp_path / "host", "aufs")
    top = root.data / "aufs/diff" / MOUNT
    (top / "hides").mkdir(parents=True)
    (top / ".wh..wh.plnk").mkdir()
    (top / ".wh..wh.plnk/123.456").write_bytes(b"aufs' own")
    (top / ".wh..wh.aufs").write_bytes(b"")
    os.link(top / ".wh..wh.aufs", top / ".wh.removed")
    (top / "hides/.wh..wh..opq").write_bytes(b"")
    (top / "marker").write_bytes(b"mine")
    containers_of(root, "aufs")
    found = members(tmp_path / "out", done(root, tmp_path / "out"))
    assert set(found) == {".", "hides", "hides/.wh..wh..opq", ".wh.removed", "marker"}
    assert found[".wh.removed"].isreg()


@pytest.mark.skipif(not ROOT, reason="whiteouts are devices")
@pytest.mark.parametrize(
    ("driver", "place"), [("fuse-overlayfs", "fuse-overlayfs/{}/diff"), ("overlay", "overlay/{}/upper")]
)
def test_upper_directories_of_other_drivers(driver: str, place: str, tmp_path: Path) -> None:
    """A device 0/0 is a whiteout for both; a file named so only where a driver without privileges may have made it."""
    root = MadeRoot(tmp_path / "host", driver)
    top = root.data / place.format(MOUNT)
    top.mkdir(parents=True)
    try:
        os.mknod(top / "removed", 0o20000, os.makedev(0, 0))
    except OSError as error:
        pytest.skip(f"no devices here: {error}")
    (top / ".wh.other").write_bytes(b"")
    containers_of(root, driver)
    found = members(tmp_path / "out", done(root, tmp_path / "out"))
    assert set(found) == {".", ".wh.removed", ".wh.other"}
    assert found[".wh.removed"].mode == 0


def snapshots(top: Path, snapshotter: str) -> None:
    """A container's snapshot 7 on its -init 6, an image's, and one that BuildKit works in."""

    def record(number: int, kind: int, parent: str = "") -> Bucket:
        keys = {b"id": bytes([number]), b"kind": bytes([kind])} | ({b"parent": parent.encode()} if parent else {})
        return Bucket(keys=keys)

    known = {
        f"moby/3/{CONTAINER}": record(7, 2, f"moby/2/{CONTAINER}-init"),
        f"moby/2/{CONTAINER}-init": record(6, 3),
        "moby/1/sha256:" + "d" * 64: record(5, 3),
        "moby/9/wequcwfjrtgb52dqpbth7z5df": record(9, 2),
    }
    buckets = {name.encode(): bucket for name, bucket in sorted(known.items())}
    place = top / f"io.containerd.snapshotter.v1.{snapshotter}"
    for number in (5, 6, 7, 9):
        inside = place / "snapshots" / str(number) / ("fs" if snapshotter == "overlayfs" else "")
        inside.mkdir(parents=True)
        (inside / "base").write_bytes(b"base")
        os.utime(inside / "base", (0, 0))
    place.joinpath("metadata.db").write_bytes(
        write(Bucket(buckets={b"v1": Bucket(buckets={b"snapshots": Bucket(buckets=buckets)})}))
    )


@pytest.mark.parametrize(("snapshotter", "names"), [("overlayfs", {".", "base", "mine"}), ("native", {".", "mine"})])
def test_snapshots_of_containerd(snapshotter: str, names: set[str], tmp_path: Path) -> None:
    """The one that has a container's id, with what the container wrote."""
    root = MadeRoot(tmp_path / "host")
    top = root.data / "containerd/daemon"
    snapshots(top, snapshotter)
    place = top / f"io.containerd.snapshotter.v1.{snapshotter}"
    (place / "snapshots/7" / ("fs" if snapshotter == "overlayfs" else "") / "mine").write_bytes(b"mine")
    outcome = done(root, tmp_path / "out")
    assert outcome.left == ()
    assert set(members(tmp_path / "out", outcome)) == names


def test_snapshots_without_their_database_are_told(tmp_path: Path) -> None:
    """Numbers alone don't tell whose they are."""
    root = MadeRoot(tmp_path / "host")
    snapshots(root.data / "containerd/daemon", "overlayfs")
    database = root.data / "containerd/daemon/io.containerd.snapshotter.v1.overlayfs/metadata.db"
    database.write_bytes(b"\xff" * 8192)
    outcome = done(root, tmp_path / "out")
    assert [left.name for left in outcome.left] == ["all of overlayfs"]
    assert "metadata.db" in outcome.left[0].reason


def volume(root: MadeRoot, name: str, files: dict[str, bytes], options: dict[str, object] | None = None) -> Path:
    """Write a volume; return its _data."""
    data = root.data / "volumes" / name / "_data"
    data.mkdir(parents=True)
    for file, content in files.items():
        (data / file).write_bytes(content)
    if options:
        (data.parent / "opts.json").write_text(json.dumps(options))
    return data


def database(root: MadeRoot, *records: dict[str, object]) -> None:
    """Write the engine's list of volumes."""
    keys = {str(record["Name"]).encode(): json.dumps(record).encode() for record in records}
    (root.data / "volumes").mkdir(exist_ok=True)
    (root.data / "volumes/metadata.db").write_bytes(write(Bucket(buckets={b"volumes": Bucket(keys=keys)})))


def test_a_volume_comes_with_what_makes_it_again(tmp_path: Path) -> None:
    """The engine's API takes the JSON; passwords are for the owner alone, also in a shared target."""
    root = MadeRoot(tmp_path / "host")
    volume(root, "data", {"file": b"kept\n"})
    volume(root, "share", {}, {"MountType": "cifs", "MountOpts": "password=s3cret", "MountDevice": "//nas/x"})
    database(
        root,
        {"Name": "data", "Driver": "local", "Labels": {"tier": 'it\'s "gold"'}, "Options": None},
        {"Name": "share", "Driver": "local", "Labels": None, "Options": {"type": "cifs", "o": "password=s3cret"}},
        {"Name": "far", "Driver": "rexray", "Labels": None, "Options": {"size": "10"}},
    )
    outcome = done(root, tmp_path / "out", shared=True)
    top = tmp_path / "out/volumes"
    assert json.loads((top / "data.json").read_bytes()) == {
        "Name": "data",
        "Driver": "local",
        "DriverOpts": {},
        "Labels": {"tier": 'it\'s "gold"'},
    }
    assert json.loads((top / "far.json").read_bytes())["DriverOpts"] == {"size": "10"}
    assert [left.name for left in outcome.left] == ["far"]
    assert "s3cret" not in repr(outcome)
    assert {oct(path.stat().st_mode & 0o777) for path in top.iterdir() if path.suffix != ".tar"} == {"0o600"}
    assert (top / "data.tar").stat().st_mode & 0o777 == 0o644


def test_labels_are_found_without_the_database(tmp_path: Path) -> None:
    """A torn database still holds the record in its pages; where it does not, that is told and options come from opts.json."""
    root = MadeRoot(tmp_path / "host")
    volume(root, "data", {})
    volume(root, "temp", {}, {"MountType": "tmpfs", "MountOpts": "size=1m", "MountDevice": "tmpfs"})
    database(root, {"Name": "data", "Driver": "local", "Labels": {"a": "b"}, "Options": None})
    path = root.data / "volumes/metadata.db"
    torn = bytearray(path.read_bytes())
    torn[: 2 * 4096] = bytes(2 * 4096)
    path.write_bytes(torn)
    outcome = done(root, tmp_path / "out")
    notes = {tree.name: tree.note for tree in outcome.trees}
    assert "from pages of the damaged database" in notes["data"]
    assert "labels are not known" in notes["temp"]
    assert json.loads((tmp_path / "out/volumes/data.json").read_bytes())["Labels"] == {"a": "b"}
    assert json.loads((tmp_path / "out/volumes/temp.json").read_bytes())["DriverOpts"] == {
        "type": "tmpfs",
        "device": "tmpfs",
        "o": "size=1m",
    }


def test_labels_that_are_no_text(tmp_path: Path) -> None:
    """Half a surrogate pair, quotes and line ends in the engine's database end nothing and run nothing."""
    root = MadeRoot(tmp_path / "host")
    volume(root, "data", {})
    lines = "a\ntouch bad\n'; touch bad; '$(touch bad)"
    labels = {"half": "\ud800", "lines": lines}
    database(root, {"Name": "data", "Driver": "local", "Labels": labels, "Options": None})
    done(root, tmp_path / "out")
    assert json.loads((tmp_path / "out/volumes/data.json").read_bytes())["Labels"]["lines"] == lines
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "docker").write_text(FAKE)
    (tools / "docker").chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    ran = subprocess.run(["sh", tmp_path / "out/volumes/restore.sh"], cwd=tmp_path, env=environment, check=False)
    assert ran.returncode == 0
    assert f"lines={lines}" in (tools / "log").read_text()
    assert not list(tmp_path.rglob("bad"))


FAKE = """#!/bin/sh
# Stands for docker: it keeps volumes in a directory and notes how they are made.
here=$(dirname "$0")
case "$1 $2" in
"volume create") for last; do :; done; mkdir -p "$here/v/$last"; echo "$@" >>"$here/log" ;;
"volume inspect") for last; do :; done; [ -d "$here/v/$last" ] || exit 1; echo "$here/v/$last" ;;
esac
"""


def test_the_script_makes_the_volumes_again(tmp_path: Path) -> None:
    """Run by sh with GNU tar: labels with quotes and blanks, a hole, a hard link, a mode; what is there stays as it is."""
    root = MadeRoot(tmp_path / "host")
    data = volume(root, "data", {"file": b"kept\n"})
    os.link(data / "file", data / "other")
    (data / "file").chmod(0o640)
    with open(data / "sparse", "wb") as stream:
        stream.seek(50 << 20)
        stream.write(b"end")
    volume(root, "mine", {"file": b"old"})
    database(root, {"Name": "data", "Driver": "local", "Labels": {"tier": "it's $HOME"}, "Options": None})
    done(root, tmp_path / "out")
    assert (tmp_path / "out/volumes/data.tar").stat().st_size < 1 << 20
    tools = tmp_path / "tools"
    (tools / "v/mine").mkdir(parents=True)
    (tools / "docker").write_text(FAKE)
    (tools / "docker").chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["sh", "volumes/restore.sh"], cwd=tmp_path / "out", env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "mine: is there already" in ran.stderr
    made = tools / "v/data"
    assert (made / "file").read_bytes() == b"kept\n"
    assert (made / "file").stat().st_ino == (made / "other").stat().st_ino
    assert (made / "file").stat().st_mode & 0o777 == 0o640
    assert (made / "sparse").stat().st_size == (50 << 20) + 3
    assert (made / "sparse").stat().st_blocks < 1000
    assert os.listdir(tools / "v/mine") == []
    assert "--label tier=it's $HOME data" in (tools / "log").read_text()


def test_a_second_run_copies_only_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two volumes: the first is not written again; a changed directory and a damaged tar are."""
    root = MadeRoot(tmp_path / "host")
    for name in ("one", "two"):
        volume(root, name, {"file": b"x" * 5000})
    note, out = Memory.note, tmp_path / "out"

    def killed(self: Memory, noted: object) -> None:
        note(self, noted)  # type: ignore[arg-type] # as it is called
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Memory, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            done(root, out)
    assert sorted(path.name for path in (out / "volumes").glob("*.tar")) == ["one.tar"]
    before = (out / "volumes/one.tar").stat().st_ino
    outcome = done(root, out)
    assert (out / "volumes/one.tar").stat().st_ino == before
    assert {tree.name for tree in outcome.trees} == {"one", "two"}
    assert outcome.bytes_kept == (out / "volumes/one.tar").stat().st_size
    whole = (out / "volumes/one.tar").read_bytes()
    (out / "volumes/one.tar").write_bytes(whole.replace(b"xxx", b"xyx", 1))
    (root.data / "volumes/two/_data/more").write_bytes(b"more")
    again = done(root, out)
    assert again.bytes_kept == 0
    assert (out / "volumes/one.tar").read_bytes() == whole
    with tarfile.open(out / "volumes/two.tar") as tar:
        assert "more" in tar.getnames()
    assert done(root, out).bytes_written == 0


def test_a_file_of_holes_does_not_need_their_room(tmp_path: Path) -> None:
    """A terabyte that is not there: read by Python's tarfile with its size and its few bytes."""
    root = MadeRoot(tmp_path / "host")
    data = volume(root, "disk", {})
    with open(data / "image", "wb") as stream:
        stream.write(b"begin")
        stream.seek(3 << 30)
        stream.write(b"middle")
        stream.truncate(1 << 40)
    os.setxattr(data / "image", "user.note", b"v\xff")
    done(root, tmp_path / "out")
    content = (tmp_path / "out/volumes/disk.tar").read_bytes()
    assert len(content) < 1 << 20
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        member = tar.getmember("image")
        assert member.size == 1 << 40
        stored = tar.extractfile(member)
        assert stored is not None
        assert stored.read(7) == b"begin\0\0"
        stored.seek(3 << 30)
        assert stored.read(8) == b"middle\0\0"
    listed = subprocess.run(
        ["tar", "-tvf", tmp_path / "out/volumes/disk.tar", "./image", "image"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(1 << 40) in listed.stdout


@pytest.mark.skipif(not ROOT, reason="a small disk is mounted")
def test_a_full_target_is_refused_before_a_byte(tmp_path: Path) -> None:
    """A volume larger than the disk: nothing of it is written, a smaller one is, and the exit is a refusal."""
    root = MadeRoot(tmp_path / "host")
    volume(root, "big", {"file": os.urandom(6 << 20)})
    volume(root, "small", {"file": b"fits"})
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", out], check=False)
    if mounted.returncode:
        pytest.skip("no mount here")
    try:
        with pytest.raises(RefusedError, match="volume big needs"):
            done(root, out)
        assert sorted(path.name for path in (out / "volumes").glob("*.tar")) == ["small.tar"]
        assert not list(out.rglob(".part-*"))
    finally:
        subprocess.run(["umount", out], check=True)
