"""The guard's own failures, its drop-in as a shell reads it, and the copies it makes."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.api import HostPath
from doctor.api.actions.files import CopyAside
from doctor.api.actions.state import aside
from doctor.cli.commands import guard, guard_unit
from doctor.guard.copies import CannotKeepError, keep
from doctor.host.recorded import RootHost
from doctor.model.errors import DoctorError
from tests.one_file import interpreter_of

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at a data root")


def crash() -> int:
    """A defect."""
    raise ZeroDivisionError


def refuse() -> int:
    """The error of a full disk, or of an untrusted plugin."""
    raise DoctorError("no")


def leave() -> int:
    """A library that ends the process."""
    os._exit(1)


def die() -> int:
    """The kernel ran out of memory."""
    os.kill(os.getpid(), 9)
    return guard.STOP


def lose_a_module() -> int:
    """An upgrade that was interrupted."""
    import doctor.that_is_gone  # type: ignore[import-not-found]  # noqa: F401

    return guard.STOP


@as_root
@pytest.mark.parametrize("work", [crash, refuse, leave, die, lose_a_module])
def test_its_own_failure_lets_the_start_pass(
    work: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And says that it has not looked."""
    monkeypatch.setattr(guard, "_judge", lambda _: work())
    assert guard.run() == 0
    assert "the guard failed; the start continues" in capfd.readouterr().err


@as_root
def test_a_hang_lets_the_start_pass(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A disk that no longer answers must not keep an engine down."""
    monkeypatch.setattr(guard, "_judge", lambda _: time.sleep(60))
    monkeypatch.setattr(guard, "_LIMIT_S", 0.2)
    begun = time.monotonic()
    assert guard.run() == 0
    assert time.monotonic() - begun < 30
    assert "did not finish" in capfd.readouterr().err
    assert os.waitpid(-1, 0)[1] == 9


@as_root
@pytest.mark.parametrize("code", [0, guard.STOP])
def test_a_judgement_is_passed_on(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one code that stops, and the one that doesn't."""
    monkeypatch.setattr(guard, "_judge", lambda _: code)
    assert guard.run() == code


def test_the_drop_in_stops_for_one_code_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_dir: Path) -> None:
    """Run as systemd would run it: words split and unquoted, ``$$`` and ``%%`` single."""
    odd = tmp_path / "a $dir with %b"
    odd.mkdir()
    command = odd / "doctor"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$1" "$DOCTOR_STATE_DIR" >"${0%/*}/asked"\nexit 10\n')
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", interpreter_of(odd / "doctor"))
    (line,) = [line for line in guard_unit.text().splitlines() if line.startswith("ExecStartPre=")]
    argv = [word.replace("$$", "$").replace("%%", "%") for word in shlex.split(line.partition("=")[2])]
    for code in range(256):
        if code in {0, 1, 2, 9, 10, 11, 126, 127, 137, 255}:
            command.write_text(command.read_text().rpartition("exit")[0] + f"exit {code}\n")
            done = subprocess.run(argv, check=False, capture_output=True)
            assert (done.returncode != 0) == (code == guard.STOP), code
    assert (odd / "asked").read_text() == f"guard\n{state_dir}\n"
    command.unlink()
    assert subprocess.run(argv, check=False, capture_output=True).returncode == 0


def test_the_status_names_a_program_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    """A copy of doctor was moved after the installation: systemd still runs the drop-in, which does nothing then."""
    odd = tmp_path / "a $dir with %b"
    odd.mkdir()
    (odd / "doctor").touch(0o755)
    monkeypatch.setattr(sys, "executable", interpreter_of(odd / "doctor"))
    drop_in = tmp_path / "docker.service.d" / guard_unit.DROP_IN
    drop_in.parent.mkdir()
    drop_in.write_text(guard_unit.text())
    assert guard_unit.status(directory=str(tmp_path), systemd=str(tmp_path / "none")) == 0
    assert capsys.readouterr().out == f"{drop_in}\n"
    (odd / "doctor").rename(odd / "moved")
    assert guard_unit.status(directory=str(tmp_path), systemd=str(tmp_path / "none")) == 0
    assert f"not active: {odd}/doctor is missing" in capsys.readouterr().out


def test_a_host_without_systemd_gets_advice(tmp_path: Path) -> None:
    """Nothing is written there."""
    if os.geteuid() != 0:
        pytest.skip("only root can install the guard")
    from doctor.cli.common import SharedOptions

    shared = SharedOptions(verbose=False, quiet=False, colour=False)
    units = str(tmp_path / "units")
    with pytest.raises(DoctorError, match="init script"):
        guard_unit.install(shared, directory=units, systemd=str(tmp_path / "none"))
    assert not os.path.exists(units)
    assert guard_unit.remove(shared, directory=units, systemd=str(tmp_path / "none")) == 0


def copy(path: str, name: str) -> CopyAside:
    """A fixer's copy."""
    return CopyAside(path=HostPath(path), to=aside(name), why="a start erases it")


def test_copies_keep_what_they_were_and_are_made_once(tmp_path: Path) -> None:
    """An older copy is not replaced by what a start has left; links are not followed out of the root."""
    host = tmp_path / "host"
    (host / "swarm/raft").mkdir(parents=True)
    (host / "swarm/raft/wal").write_bytes(b"1")
    (host / "swarm/raft/wal").chmod(0o640)
    (host / "swarm/out").symlink_to("/etc/shadow")
    (host / "db").write_bytes(b"records")
    actions = [copy("/swarm", "swarm"), copy("/db", "volumes/metadata.db")]
    state = str(tmp_path / "state")
    first = Path(keep(RootHost(str(host)), actions, directory=state))
    assert (first / "volumes/metadata.db").read_bytes() == b"records"
    assert (first / "swarm/raft/wal").stat().st_mode & 0o777 == 0o640
    assert os.readlink(first / "swarm/out") == "/etc/shadow"
    assert first.stat().st_mode & 0o777 == 0o700
    assert keep(RootHost(str(host)), actions, directory=state) == str(first)
    (host / "db").write_bytes(b"")
    second = Path(keep(RootHost(str(host)), actions, directory=state))
    assert second != first
    assert (first / "volumes/metadata.db").read_bytes() == b"records"
    assert len(os.listdir(tmp_path / "state/aside")) == 2


def test_what_is_too_large_or_gone_is_no_copy(tmp_path: Path) -> None:
    """The caller then stops the start."""
    host = tmp_path / "host"
    host.mkdir()
    with (host / "large").open("wb") as stream:
        stream.truncate(65 << 20)
    for name in ("/large", "/gone"):
        with pytest.raises(CannotKeepError):
            keep(RootHost(str(host)), [copy(name, "x")], directory=str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()


@pytest.mark.not_in_one_file("ssl")
def test_hashes_need_no_openssl() -> None:
    """Loading it costs more than all that the guard hashes; the hashes are the same, and others may load it later."""
    code = (
        "import sys\nfrom doctor.cli.commands.guard import _load_hashlib\n_load_hashlib()\nimport hashlib\n"
        "print('_hashlib' in sys.modules, hashlib.sha256(b'').hexdigest()[:8])\nimport _hashlib, ssl"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False e3b0c442\n", done.stderr
    assert done.returncode == 0
