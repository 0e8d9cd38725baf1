"""A dockerd that is being stopped answers no more and holds its locks for a while: it is waited for, anybody else is not."""

import fcntl
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError
from doctor.model.step import File, Move, Put, Reload
from doctor.plugins.catalog import Catalog
from doctor.repair.apply import apply
from doctor.repair.engine.holders import freed, holder_of
from doctor.repair.runs.record import ActionRecord, PlanRecord
from doctor.repair.undo import undo

ROOT = "/var/lib/docker"
SECONDS = 1.0
LONG = 20.0


def record(top: Path) -> PlanRecord:
    """A run whose engine answers on a socket where nobody listens."""
    step = Reload(pid=1, start_ticks=0, socket=str(top / "nobody.sock"))
    action = ActionRecord(number=1, summary="", risk=1, fixes=(), check_ids=(), diff="", steps=(step,))
    return PlanRecord(run="run", doctor="", started=0.0, root=str(top), actions=(action,))


@contextmanager
def held(top: Path, name: str, seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of this name holds a database of the data root for so long."""
    database = top / ROOT.lstrip("/") / "volumes/metadata.db"
    database.parent.mkdir(parents=True)
    database.touch()
    program = top / name
    shutil.copy(shutil.which("flock") or pytest.skip("flock is not there"), program)
    with subprocess.Popen([program, "-o", database, "sleep", str(seconds)]) as process:
        while subprocess.run(["flock", "-n", database, "true"], check=False).returncode == 0 and process.poll() is None:
            time.sleep(0.01)
        try:
            yield process
        finally:
            process.kill()


def test_an_engine_that_ends_is_waited_for(tmp_path: Path) -> None:
    with held(tmp_path, "dockerd", SECONDS):
        assert freed(str(tmp_path), ROOT, record(tmp_path)) == ""


def test_anybody_else_is_named_at_once(tmp_path: Path) -> None:
    """It still holds the database afterwards: had it been waited for, it would have ended by itself before the wait does."""
    with held(tmp_path, "backup", LONG) as process:
        assert freed(str(tmp_path), ROOT, record(tmp_path)).endswith("(backup)")
        assert process.poll() is None


LOCK = """
import fcntl, sys, time
stream = open(sys.argv[1], "r+")
fcntl.lockf(stream, int(sys.argv[2]))
print("locked", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(("kind", "is_held"), [(fcntl.LOCK_EX, True), (fcntl.LOCK_SH, False)])
def test_a_posix_lock_shows_a_holder(tmp_path: Path, kind: int, is_held: bool) -> None:
    """Engines without a daemon lock their storage by fcntl: a writer holds it, a reader does not."""
    database = tmp_path / ROOT.lstrip("/") / "volumes/metadata.db"
    database.parent.mkdir(parents=True)
    database.touch()
    assert holder_of(str(tmp_path), ROOT) == ""
    argv = [sys.executable, "-I", "-S", "-c", LOCK, database, str(kind)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"locked\n"
            assert holder_of(str(tmp_path), ROOT).startswith(f"process {process.pid} (") is is_held
        finally:
            process.kill()
    assert holder_of(str(tmp_path), ROOT) == ""


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Put(path=f"{ROOT}/file", node=File(content=b"new")), id="put"),
        pytest.param(Move(path=f"{ROOT}/file"), id="quarantine"),
        pytest.param(Move(path=f"{ROOT}/file", to="/elsewhere"), id="move"),
    ],
)
def test_an_undo_does_not_write_into_a_root_that_somebody_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Put | Move
) -> None:
    """The reversal of a move begins outside of the data root and ends in it."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    top = tmp_path / "host"
    (top / ROOT.lstrip("/")).mkdir(parents=True)
    (top / ROOT.lstrip("/") / "file").write_bytes(b"old")
    action = ActionRecord(number=1, summary="", risk=1, fixes=(), check_ids=(), diff="", steps=(step,))
    plan = PlanRecord(run="run", doctor="", started=0.0, root=str(top), actions=(action,), data_roots=(ROOT,))
    host = RootHost(str(top))
    assert not apply(plan, host, Catalog(), prove=lambda _: (), progress=lambda _: None).error
    run = undo.choose("")
    with held(top, "backup", LONG), pytest.raises(RefusedError, match="holds the data root"):
        undo.undo(run, undo.prepare(run, host), progress=lambda _: None)
    assert undo.undo(run, undo.prepare(run, host), progress=lambda _: None).half_done == ()
    assert (top / ROOT.lstrip("/") / "file").read_bytes() == b"old"
