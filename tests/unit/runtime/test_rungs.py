"""The program that a rung runs, and what is left of a rung that was killed."""

import fcntl
import io
import json
import os
import platform
import socket
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest

from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.rungs import elf, engine, stage

_OLD, _YOUNG = "doctor-000000000001", "doctor-000000000002"


def test_the_program_needs_nothing_and_proves_that_it_ran(tmp_path: Path) -> None:
    """It is run with an empty environment; its line and code are its own."""
    image = elf.program("a token\n", platform.machine())
    assert image is not None
    path = tmp_path / "start"
    path.write_bytes(image)
    path.chmod(0o755)
    ran = subprocess.run([path], env={}, capture_output=True, check=False, timeout=5)
    assert (ran.returncode, ran.stdout) == (elf.CODE, b"a token\n")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_its_segment_holds_the_whole_file(machine: str) -> None:
    """A segment that is too short would leave out the text."""
    image = elf.program("x" * 300 + "\n", machine)
    assert image is not None
    assert int.from_bytes(image[64 + 32 : 64 + 40], "little") == len(image)
    assert image.endswith(b"x\n")


def test_there_is_no_program_for_an_unknown_machine() -> None:
    """The rung is then not tried."""
    assert elf.program("x", "riscv64") is None


def test_a_stage_leaves_nothing(tmp_path: Path) -> None:
    """Commands are undone in reverse order, before the directory goes."""
    base, trace = f"{tmp_path}/base", tmp_path / "trace"
    one = stage.Workspace(base, 5.0)
    for word in ("first", "second"):
        one.before("command", "/bin/sh", "-c", f"echo {word} >> {trace}; ls {one.directory} >/dev/null")
    assert one.close() == []
    assert trace.read_text() == "second\nfirst\n"
    assert os.listdir(base) == []


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    """A stage whose lock is held belongs to a live run, and stays; a truncated last line is ignored."""
    base, trace = f"{tmp_path}/base", tmp_path / "trace"
    live = stage.Workspace(base, 5.0)
    dead = Path(base, "doctor-00000000dead")
    dead.mkdir(mode=0o700)
    (dead / "lock").touch(0o600)
    (dead / "undo").write_text(json.dumps(["command", "/bin/sh", "-c", f"echo gone > {trace}"]) + '\n["comm')
    assert stage.sweep(base) == []
    assert trace.read_text() == "gone\n"
    assert os.listdir(base) == [live.token]
    live.close()


def answers(path: str) -> threading.Thread:
    """An engine that answers one request: the container is removed."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(1)

    def serve() -> None:
        with listening, listening.accept()[0] as connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.0 204 No Content\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_an_undo_that_failed_is_repeated_by_the_next_run(tmp_path: Path) -> None:
    """An engine that hangs keeps its container until it answers. A command is not repeated."""
    base, path = f"{tmp_path}/base", f"{tmp_path}/d.sock"
    one = stage.Workspace(base, 5.0)
    Path(one.directory, "rootfs").mkdir()
    one.before("undo", "engine", path, "doctor-x")
    one.before("command", "/bin/false")
    assert len(one.close()) == 2
    assert sorted(os.listdir(one.directory)) == ["lock", "undo"]
    assert json.loads(Path(one.directory, "undo").read_text()) == ["undo", "engine", path, "doctor-x"]
    assert len(stage.sweep(base)) == 1
    engine_thread = answers(path)
    assert stage.sweep(base) == []
    engine_thread.join(3)
    assert os.listdir(base) == []


def test_after_an_hour_an_undo_is_dropped(tmp_path: Path) -> None:
    """The engine may have been removed meanwhile."""
    old = stage.Workspace(str(tmp_path / "base"), 5.0)
    old.before("undo", "engine", f"{tmp_path}/none", "doctor-x")
    os.utime(f"{old.directory}/lock", (0, 0))
    assert len(old.close()) == 1
    assert os.listdir(tmp_path / "base") == []


def test_what_a_shim_wrote_after_the_end_is_removed(tmp_path: Path) -> None:
    """Its directory has no lock; a young one may be a stage whose lock is not made yet. A user's directory stays."""
    for name, age in ((_OLD, 100), (_YOUNG, 0), ("project", 100), ("doctor-project", 100)):
        path = tmp_path / name
        (path / "state" / "doctor").mkdir(parents=True)
        now = path.stat().st_mtime
        os.utime(path, (now - age, now - age))
    assert stage.sweep(str(tmp_path)) == []
    assert sorted(os.listdir(tmp_path)) == sorted([_YOUNG, "doctor-project", "project"])


def test_arguments_of_a_runtime_are_not_named(tmp_path: Path) -> None:
    """They may be secrets of the engine's settings; what could not be removed is in reports."""
    one = stage.Workspace(f"{tmp_path}/base", 5.0)
    one.before("command", "/bin/sh", "-c", "echo no such container; exit 3", "hunter2")
    one.before("command", "/nowhere/crun", "hunter2")
    assert one.close() == [
        "command /nowhere/crun: can't start /nowhere/crun: No such file or directory",
        "command /bin/sh: '/bin/sh' failed with 3: no such container",
    ]


def test_a_full_file_system_has_no_room(tmp_path: Path) -> None:
    """The other directory is taken then."""
    assert stage.has_room(f"{tmp_path}/base")
    assert not stage.has_room("/proc/doctor")


def test_commands_are_read_only_from_roots_own_directory(tmp_path: Path) -> None:
    """Else another user could have them run by the next sweep."""
    base = tmp_path / "base"
    base.mkdir()
    base.chmod(0o777)
    with pytest.raises(LaunchError, match="not a directory of root's own"):
        stage.make_base(str(base))
    assert stage.sweep(str(base)) == []


def test_a_held_stage_is_not_swept(tmp_path: Path) -> None:
    """The lock is the only sign of life."""
    one = stage.Workspace(str(tmp_path), 5.0)
    with open(f"{one.directory}/lock", "rb") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    one.close()


def test_a_process_of_a_stage_that_was_cut_is_killed(tmp_path: Path) -> None:
    """It is a child of another program: only its command line names the stage, and for an instant it has none.

    One of eight was missed with a single look.
    """
    for _ in range(20):
        one = stage.Workspace(f"{tmp_path}/base", 5.0)
        with subprocess.Popen(["/bin/sh", "-c", "sleep 5; :", f"--root={one.directory}/state"]) as other:
            assert one.close(was_cut=True) == []
            assert other.wait(timeout=2) == -9


def test_the_program_is_packed_as_a_tar() -> None:
    """Python's reader agrees with it; bytes after the end would have the engine reset the connection."""
    image = bytes(range(256)) * 3
    packed = engine.tar("doctor-start", image)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        (member,) = archive.getmembers()
        assert (member.name, member.mode, member.uid, member.isreg()) == ("doctor-start", 0o755, 0, True)
        content = archive.extractfile(member)
        assert content is not None
        assert content.read() == image
    assert len(packed) == 512 + 1024 + 1024
