"""Volumes, read back by Python's tarfile, GNU tar and the shell."""

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.model.errors import RefusedError
from doctor.salvage.memory import TargetMemory
from tests.unit.salvage.roots import MadeRoot, trees_of

ROOT = os.geteuid() == 0


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


FAKE = """#!/bin/sh
# Stands for docker: it keeps volumes in a directory and notes how they are made.
here=$(dirname "$0")
case "$1 $2" in
"volume create") for last; do :; done; mkdir -p "$here/v/$last"; echo "$@" >>"$here/log" ;;
"volume inspect") for last; do :; done; [ -d "$here/v/$last" ] || exit 1; echo "$here/v/$last" ;;
esac
"""


def restored(out: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    """Run the script that recreates the volumes, with a docker that keeps them in ``tools``."""
    tools.mkdir(exist_ok=True)
    (tools / "docker").write_text(FAKE)
    (tools / "docker").chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    command = ["sh", "volumes/restore.sh"]
    return subprocess.run(command, cwd=out, env=environment, capture_output=True, text=True, check=False)


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
    outcome = trees_of(root, tmp_path / "out", shared=True)
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
    """A corrupt database still holds the record in its pages; otherwise a note says so and options come from
    opts.json.
    """
    root = MadeRoot(tmp_path / "host")
    volume(root, "data", {})
    volume(root, "temp", {}, {"MountType": "tmpfs", "MountOpts": "size=1m", "MountDevice": "tmpfs"})
    database(root, {"Name": "data", "Driver": "local", "Labels": {"a": "b"}, "Options": None})
    path = root.data / "volumes/metadata.db"
    broken = bytearray(path.read_bytes())
    broken[: 2 * 4096] = bytes(2 * 4096)
    path.write_bytes(broken)
    outcome = trees_of(root, tmp_path / "out")
    notes = {tree.name: tree.note for tree in outcome.trees}
    assert "from pages of the corrupt database" in notes["data"]
    assert "labels are unknown" in notes["temp"]
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
    trees_of(root, tmp_path / "out")
    assert json.loads((tmp_path / "out/volumes/data.json").read_bytes())["Labels"]["lines"] == lines
    tools = tmp_path / "tools"
    ran = restored(tmp_path / "out", tools)
    assert ran.returncode == 0
    assert f"lines={lines}" in (tools / "log").read_text()
    assert not list(tmp_path.rglob("bad"))


def test_the_script_makes_the_volumes_again(tmp_path: Path) -> None:
    """Run by sh with GNU tar: labels with quotes and blanks, a hole, a hard link, a mode; existing volumes are not
    changed.
    """
    root = MadeRoot(tmp_path / "host")
    data = volume(root, "data", {"file": b"kept\n"})
    os.link(data / "file", data / "other")
    (data / "file").chmod(0o640)
    with open(data / "sparse", "wb") as stream:
        stream.seek(50 << 20)
        stream.write(b"end")
    volume(root, "mine", {"file": b"old"})
    database(root, {"Name": "data", "Driver": "local", "Labels": {"tier": "it's $HOME"}, "Options": None})
    trees_of(root, tmp_path / "out")
    assert (tmp_path / "out/volumes/data.tar").stat().st_size < 1 << 20
    tools = tmp_path / "tools"
    (tools / "v/mine").mkdir(parents=True)
    ran = restored(tmp_path / "out", tools)
    assert ran.returncode == 0, ran.stderr
    assert "mine: exists already" in ran.stderr
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
    note, out = TargetMemory.note, tmp_path / "out"

    def killed(self: TargetMemory, noted: object) -> None:
        note(self, noted)  # type: ignore[arg-type] # as it is called
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TargetMemory, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            trees_of(root, out)
    assert sorted(path.name for path in (out / "volumes").glob("*.tar")) == ["one.tar"]
    before = (out / "volumes/one.tar").stat().st_ino
    outcome = trees_of(root, out)
    assert (out / "volumes/one.tar").stat().st_ino == before
    assert {tree.name for tree in outcome.trees} == {"one", "two"}
    assert outcome.bytes_kept == (out / "volumes/one.tar").stat().st_size
    whole = (out / "volumes/one.tar").read_bytes()
    (out / "volumes/one.tar").write_bytes(whole.replace(b"xxx", b"xyx", 1))
    (root.data / "volumes/two/_data/more").write_bytes(b"more")
    again = trees_of(root, out)
    assert again.bytes_kept == 0
    assert (out / "volumes/one.tar").read_bytes() == whole
    with tarfile.open(out / "volumes/two.tar") as tar:
        assert "more" in tar.getnames()
    assert trees_of(root, out).bytes_written == 0


def test_what_an_earlier_salvage_saved_is_not_replaced(tmp_path: Path) -> None:
    """A root that lost a file since then: both tars are kept, and a third run copies nothing."""
    root, out = MadeRoot(tmp_path / "host"), tmp_path / "out"
    data = volume(root, "data", {"a": b"all\n", "b": b"of it\n"})
    trees_of(root, out)
    first = (out / "volumes/data.tar").read_bytes()
    (data / "b").unlink()
    outcome = trees_of(root, out)
    assert (out / "volumes/data.tar.1").read_bytes() == first
    with tarfile.open(out / "volumes/data.tar") as tar:
        assert [name for name in tar.getnames() if name.endswith(("a", "b"))] == ["a"]
    assert [tree.note.rpartition("; ")[2] for tree in outcome.trees] == [
        "the tar of an earlier salvage differs and is kept as volumes/data.tar.1"
    ]
    (data / "a").unlink()
    trees_of(root, out)
    trees_of(root, out)
    assert sorted(path.name for path in (out / "volumes").glob("*.tar*")) == ["data.tar", "data.tar.1", "data.tar.2"]


def test_a_file_of_holes_does_not_need_their_room(tmp_path: Path) -> None:
    """A sparse terabyte: Python's tarfile reads its size and its few bytes."""
    root = MadeRoot(tmp_path / "host")
    data = volume(root, "disk", {})
    with open(data / "image", "wb") as stream:
        stream.write(b"begin")
        stream.seek(3 << 30)
        stream.write(b"middle")
        stream.truncate(1 << 40)
    os.setxattr(data / "image", "user.note", b"v\xff")
    trees_of(root, tmp_path / "out")
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
            trees_of(root, out)
        assert sorted(path.name for path in (out / "volumes").glob("*.tar")) == ["small.tar"]
        assert not list(out.rglob(".part-*"))
    finally:
        subprocess.run(["umount", out], check=True)
