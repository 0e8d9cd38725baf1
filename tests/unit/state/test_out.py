"""Writes outside of doctor's own directory: links and files of other users are not followed or filled."""

import ast
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from doctor.model.errors import RefusedError
from doctor.state.out import open_directory, replacing, write_out

ALICE = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files of other users are made by root")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A directory like /tmp."""
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(0o1777)
    return place


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Alice's home, which only she can write."""
    place = tmp_path / "alice"
    place.mkdir()
    os.chown(place, ALICE, ALICE)
    return place


@contextmanager
def user(uid: int) -> Iterator[None]:
    """Be somebody else for a while."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_made_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_out(str(tmp_path / "r"), b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "r").read_bytes() == b"new"
    assert mode(tmp_path / "r") == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["r"]


@needs_root
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o664])
def test_a_target_keeps_its_mode_and_owner(tmp_path: Path, bits: int) -> None:
    """A report that was closed to others stays closed."""
    target = tmp_path / "r"
    target.write_bytes(b"old and longer")
    os.chown(target, ALICE, 54321)
    target.chmod(bits)
    os.setxattr(target, "user.mark", b"mine")
    write_out(str(target), b"new")
    found = target.stat()
    assert target.read_bytes() == b"new"
    assert (mode(target), found.st_uid, found.st_gid) == (bits, ALICE, 54321)
    assert os.getxattr(target, "user.mark") == b"mine"


def test_other_names_of_a_target_keep_it(tmp_path: Path) -> None:
    """A hard link of the user's own remains one."""
    (tmp_path / "a").write_bytes(b"old")
    os.link(tmp_path / "a", tmp_path / "b")
    write_out(str(tmp_path / "a"), b"new")
    assert (tmp_path / "b").read_bytes() == b"new"


def test_a_link_of_the_users_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to("deep/../deep/target")
    (tmp_path / "there").symlink_to(tmp_path / "deep")
    write_out(str(tmp_path / "link"), b"one")
    write_out(str(tmp_path / "there/other"), b"two")
    assert (tmp_path / "deep/target").read_bytes() == b"one"
    assert (tmp_path / "deep/other").read_bytes() == b"two"
    assert (tmp_path / "link").is_symlink()


@needs_root
@pytest.mark.parametrize("place", ["shared", "theirs"])
@pytest.mark.parametrize("target", ["victim", "nothing", "folder"])
def test_a_planted_link_is_not_followed(
    tmp_path: Path, place: str, target: str, request: pytest.FixtureRequest
) -> None:
    """Neither to a file, nor to make one, nor on the way."""
    directory = request.getfixturevalue(place)
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "folder").mkdir()
    (directory / "report").symlink_to(tmp_path / target)
    path = directory / "report" / ("x" if target == "folder" else "")
    with pytest.raises(RefusedError, match="symbolic link in a directory that others can write"):
        write_out(str(path), b"report")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "nothing").exists()
    assert list((tmp_path / "folder").iterdir()) == []
    with pytest.raises(RefusedError):
        open_directory(str(directory / "report"), mode=0o700)


@needs_root
@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_a_file_that_somebody_else_put_there_is_not_filled(shared: Path, kind: str) -> None:
    """He would read the report."""
    planted = shared / "report"
    planted.write_bytes(b"") if kind == "file" else os.mkfifo(planted)
    os.chown(planted, ALICE, ALICE)
    planted.chmod(0o666)
    with pytest.raises(RefusedError, match=f"user {ALICE} created it"):
        write_out(str(planted), b"secret")
    if kind == "file":
        assert planted.read_bytes() == b""


@needs_root
def test_a_users_own_report_in_his_home_is_replaced_by_root(theirs: Path) -> None:
    """It stays his: 'sudo doctor scan -o report.html' after 'doctor scan -o report.html'."""
    report = theirs / "report.html"
    report.write_bytes(b"old")
    os.chown(report, ALICE, ALICE)
    report.chmod(0o640)
    write_out(str(report), b"new")
    assert report.read_bytes() == b"new"
    assert (report.stat().st_uid, mode(report)) == (ALICE, 0o640)


@needs_root
def test_a_hard_link_to_a_file_of_roots_is_not_filled(tmp_path: Path, theirs: Path) -> None:
    """Where the kernel lets users make such links, the name is replaced and the file behind it stays."""
    shadow = tmp_path / "shadow"
    shadow.write_bytes(b"root:x")
    os.link(shadow, theirs / "report")
    write_out(str(theirs / "report"), b"new")
    assert shadow.read_bytes() == b"root:x"


@needs_root
def test_a_user_writes_what_he_may_write() -> None:
    """In a directory of root's only the file itself is his: it is filled, since no other can be made."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        target = Path(directory) / "r"
        target.write_bytes(b"old and longer")
        os.chown(target, ALICE, ALICE)
        inode = target.stat().st_ino
        with user(ALICE):
            write_out(str(target), b"new")
        assert target.read_bytes() == b"new"
        assert target.stat().st_ino == inode


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "r"
    target.write_bytes(b"old")

    def fail() -> None:
        with replacing(str(target)) as descriptor:
            os.write(descriptor, b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["r"]


def test_a_pipe_or_device_gets_the_content(tmp_path: Path) -> None:
    """A rename would put a file in the place of /dev/null."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_out(str(tmp_path / "link"), b"report")
        assert os.read(reader, 100) == b"report"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "link").is_symlink()
    write_out("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("kind", ["pipe", "file"])
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    code = f"from doctor.state.out import write_out; write_out({name!r}, b'report')"
    if kind == "pipe":
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
        assert done.stdout == b"report"
    else:
        with (tmp_path / "out").open("wb") as stream:
            subprocess.run([sys.executable, "-c", code], stdout=stream, check=True)
        assert (tmp_path / "out").read_bytes() == b"report"


@pytest.mark.parametrize("path", ["no/where/r", "file/r", "loop", "", "."])
def test_what_can_not_be_written_is_an_error_of_the_system(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError):
        write_out(path, b"x")


def test_directories_on_the_way_are_made_where_asked(tmp_path: Path) -> None:
    write_out(str(tmp_path / "a/b/c"), b"x", make=True)
    assert (tmp_path / "a/b/c").read_bytes() == b"x"
    os.close(open_directory(str(tmp_path / "d/e"), mode=0o700))
    assert (mode(tmp_path / "d"), mode(tmp_path / "d/e")) == (0o755, 0o700)


# Rooms that write doctor's own files, and the one that changes a host by journaled steps.
OWN = ("state/", "history/", "guard/", "repair/", "notify/memory.py")
# Beneath the descriptor of a salvage's directory, which state/out.py opened.
SALVAGE = {"salvage/target.py", "salvage/memory.py", "engines/docker/salvage/pool.py"}
# /dev/null for a process of its own, and a standard output that was closed.
NOTHING = {"host/trace/janitor.py", "cli/streams.py"}


def makes_a_file(node: ast.AST) -> bool:
    """Whether this makes or fills a file: by its flags, by its mode, or by a function that does."""
    if isinstance(node, ast.Attribute):
        return node.attr == "O_CREAT"
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func).rpartition(".")[2]
    words = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    modes = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return called in {"atomic_write", "write_text", "write_bytes"} or (
        called == "open" and any(set(mode) & set("wax+") for mode in modes)
    )


def test_nothing_else_writes_outside_of_the_state_directory() -> None:
    """No other room makes a file by itself; the runtime, a program of its own, writes into its containers."""
    top = Path(__file__).parents[3] / "doctor"
    found = {
        str(path.relative_to(top))
        for path in top.rglob("*.py")
        if "runtime" not in path.parts and not str(path.relative_to(top)).startswith(OWN)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if makes_a_file(node)
    }
    assert found == SALVAGE | NOTHING
