"""Doctor's own files: whole or not at all, and nobody else's to read."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.model.errors import DoctorError, RefusedError
from doctor.state.files import append, atomic_write, ensure_dir, locked

HOLD = """
import sys, time
from doctor.state.files import locked
with locked(sys.argv[1], purpose="x"):
    print("held", flush=True)
    time.sleep(60)
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directories_are_private_all_the_way(tmp_path: Path) -> None:
    """Whatever the umask says; one that was there keeps its mode."""
    tmp_path.chmod(0o755)
    before = os.umask(0)
    try:
        ensure_dir(str(tmp_path / "a" / "b"))
    finally:
        os.umask(before)
    assert (_mode(tmp_path), _mode(tmp_path / "a"), _mode(tmp_path / "a" / "b")) == (0o755, 0o700, 0o700)


def test_a_file_in_the_way_is_reported(tmp_path: Path) -> None:
    """And not a traceback."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(DoctorError, match="can't create the directory"):
        ensure_dir(str(tmp_path / "a" / "b"))


def test_a_write_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    """Mode 0600; a symbolic link is replaced, not followed."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "f").symlink_to(victim)
    atomic_write(str(tmp_path / "f"), b"new")
    assert (tmp_path / "f").read_bytes() == b"new"
    assert not (tmp_path / "f").is_symlink()
    assert victim.read_bytes() == b"mine"
    assert _mode(tmp_path / "f") == 0o600
    assert sorted(os.listdir(tmp_path)) == ["f", "victim"]


def test_a_planted_temporary_file_is_not_written_to(tmp_path: Path) -> None:
    """Its name can be guessed where others can write; what they hold open must not become the report."""
    planted = tmp_path / f"f.{os.getpid()}.tmp"
    planted.write_bytes(b"")
    with planted.open("rb") as held:
        atomic_write(str(tmp_path / "f"), b"secret")
        assert held.read() == b""
    assert (tmp_path / "f").read_bytes() == b"secret"


def test_appended_lines_follow_each_other(tmp_path: Path) -> None:
    """One line a call."""
    append(str(tmp_path / "j"), b"one")
    append(str(tmp_path / "j"), b"two")
    assert (tmp_path / "j").read_bytes() == b"one\ntwo\n"
    assert _mode(tmp_path / "j") == 0o600


def test_the_second_doctor_shows_who_is_at_work(tmp_path: Path) -> None:
    """The lock ends with its holder, even a killed one."""
    lock = str(tmp_path / "lock")
    holder = subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        refused = pytest.raises(RefusedError, match=rf"another doctor \(process {holder.pid}\) is at work")
        with refused, locked(lock, purpose="repeat the command"):
            pytest.fail("both hold it")
    finally:
        holder.kill()
        holder.communicate()
    with locked(lock, purpose="x"):
        pass
