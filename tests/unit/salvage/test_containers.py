"""Writable layers of containers of every driver, read back by Python's tarfile."""

import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.salvage.results import SalvageOutcome
from tests.unit.salvage.roots import MadeRoot, trees_of

CONTAINER = "c" * 64
MOUNT = "1" * 64
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


def members(to: Path, outcome: SalvageOutcome) -> dict[str, tarfile.TarInfo]:
    """The entries of the one container's tar."""
    (tree,) = [tree for tree in outcome.trees if tree.kind == "container"]
    with tarfile.open(to / tree.file) as tar:
        return {member.name: member for member in tar}


def full_copy(root: MadeRoot, driver: str, place: str) -> None:
    """A container's directory and its base, which also hold the image's files."""
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
    outcome = trees_of(root, tmp_path / "out")
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


def test_a_zfs_data_set_that_is_not_mounted_is_reported(tmp_path: Path) -> None:
    """An empty mount point is not an empty container."""
    root = MadeRoot(tmp_path / "host", "zfs")
    (root.data / "zfs/graph" / MOUNT).mkdir(parents=True)
    containers_of(root, "zfs")
    outcome = trees_of(root, tmp_path / "out")
    assert "mount the container's ZFS data set" in next(one.reason for one in outcome.left if one.kind == "container")
    assert outcome.trees == ()


def test_aufs_shows_by_names_what_was_removed(tmp_path: Path) -> None:
    """Its own links are omitted, its whiteouts and opaque directories are converted to those of OCI layers."""
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
    found = members(tmp_path / "out", trees_of(root, tmp_path / "out"))
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
    found = members(tmp_path / "out", trees_of(root, tmp_path / "out"))
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
    outcome = trees_of(root, tmp_path / "out")
    assert outcome.left == ()
    assert set(members(tmp_path / "out", outcome)) == names


def test_snapshots_without_their_database_are_reported(tmp_path: Path) -> None:
    """Snapshot numbers alone don't identify a container."""
    root = MadeRoot(tmp_path / "host")
    snapshots(root.data / "containerd/daemon", "overlayfs")
    database = root.data / "containerd/daemon/io.containerd.snapshotter.v1.overlayfs/metadata.db"
    database.write_bytes(b"\xff" * 8192)
    outcome = trees_of(root, tmp_path / "out")
    assert [left.name for left in outcome.left] == ["all of overlayfs"]
    assert "metadata.db" in outcome.left[0].reason
