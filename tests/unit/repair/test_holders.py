"""A dockerd that is being stopped answers no more and holds its locks for a while: it is waited for, anybody else is not."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from doctor.model.step import Reload
from doctor.repair.holders import freed
from doctor.repair.record import ActionRecord, PlanRecord

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
