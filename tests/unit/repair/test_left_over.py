"""Interrupted runs: truncated journals, full disks, an undo that can't continue, values of missing interfaces."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.errors import RefusedError, RepairError
from doctor.model.step import File, KernelValue, Move, Put, Step, Symlink
from doctor.repair.planning.diff import redact
from doctor.repair.runs.found import find_run, unfinished
from doctor.repair.runs.journal import Entry
from doctor.repair.runs.record import RunDirectory
from doctor.repair.undo import undo
from doctor.repair.undo.later import later
from doctor.state import files
from tests.unit.repair.test_undo import carry_out, record, take_back
from tests.unit.repair.trees import look

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners of files can only be restored as root")


@pytest.mark.parametrize("tail", [b'{"step":1,"sta', b"\0" * 512, b'{"state":"done"}\n\0\0\0'])
def test_a_truncated_line_is_cut_off_before_the_next(tmp_path: Path, tail: bytes) -> None:
    """A line that a power cut truncated, or NULs in its place, never runs into a line that is written later."""
    path = tmp_path / "journal"
    path.write_bytes(b'{"state":"intent"}\n' + tail)
    files.append(str(path), b'{"state":"finished"}')
    lines = path.read_bytes().split(b"\n")
    assert lines[0] == b'{"state":"intent"}'
    assert lines[-2:] == [b'{"state":"finished"}', b""]
    assert b"\0" not in path.read_bytes()


def test_a_line_that_does_not_fit_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes a part of the line: the journal is as before, and its error names the file."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    run = RunDirectory.create(record([], str(tmp_path)))
    run.write(Entry(state="done", step=1))
    before = Path(run.path, "journal").read_bytes()
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RepairError, match="No space left"):
        run.write(Entry(state="done", step=2))
    monkeypatch.undo()
    assert Path(run.path, "journal").read_bytes() == before


def test_an_undo_that_stopped_continues_where_it_stood(top: Path, quiet: Callable[[str], None]) -> None:
    """Something is in the way; when it is gone the next undo finishes, and moves nothing away that the first restored."""
    before = look(top)
    steps: list[Step] = [
        Put(path="/a", node=File(content=b"second\n")),
        Move(path="/c/d"),
        Put(path="/c/d", node=Symlink(target="elsewhere")),
    ]
    assert carry_out(record(steps, str(top)), quiet)
    (top / "a").rename(top / "kept")
    (top / "a").mkdir()
    run = find_run("run")
    (stopped,) = undo.undo(run, undo.prepare(run, RootHost(str(top)), force=True), progress=quiet).half_done
    assert stopped.what == "/a"
    assert "can't replace a directory" in stopped.why
    assert Path(stopped.original).read_bytes() == b"first\n"
    assert (top / "c/d").read_bytes() == b"\0\xff" * 10, "the rest continues"
    assert unfinished() is None
    left = undo.begun(find_run("run"))
    assert left is not None
    (top / "a").rmdir()
    (top / "kept").rename(top / "a")
    assert undo.resume(left, RootHost(str(top)), progress=quiet).half_done == ()
    assert look(top) == before
    assert find_run("run").result == "undone"


def test_an_unfinished_undo_comes_before_its_repair(top: Path) -> None:
    """Both are unfinished after a crash in a rollback: the undo is the one to finish."""
    RunDirectory.create(record([], str(top), run="20260101-000000"))
    plan = record([], str(top), run="20260101-000001")
    taken = type(plan)(**{name: getattr(plan, name) for name in plan.__struct_fields__} | {"undoes": "20260101-000000"})
    RunDirectory.create(taken)
    left = unfinished()
    assert left is not None
    assert left.run.name == "20260101-000001"


def test_values_of_interfaces_that_are_gone(top: Path, quiet: Callable[[str], None]) -> None:
    """Containers end in the middle of a repair or before its undo, and their interfaces with them: no step fails of it."""
    for name in ("all", "veth1", "veth2"):
        (top / "conf" / name).mkdir(parents=True)
        (top / "conf" / name / "forwarding").write_text("0\n", encoding="utf-8")
    also = ("/conf/veth1/forwarding", "/conf/veth2/forwarding", "/conf/veth3/forwarding")
    steps: list[Step] = [KernelValue(path="/conf/all/forwarding", value="1", also=also)]
    assert carry_out(record(steps, str(top)), quiet)
    assert (top / "conf/all/forwarding").read_text(encoding="utf-8") == "1\n"
    (top / "conf/veth2/forwarding").unlink()
    take_back(quiet, str(top))
    assert (top / "conf/all/forwarding").read_text(encoding="utf-8") == "0\n"
    assert not (top / "conf/veth2/forwarding").exists()
    missing: list[Step] = [KernelValue(path="/conf/none/forwarding", value="1")]
    assert not carry_out(record(missing, str(top), run="second"), quiet)
    assert not (top / "conf/none").exists()


def test_an_edit_after_the_repair_is_seen(top: Path, quiet: Callable[[str], None]) -> None:
    """A file that somebody changed, replaced or removed since; not one that is as the repair left it."""
    steps: list[Step] = [Put(path="/a", node=File(content=b"x")), Put(path="/new", node=File(content=b"y"))]
    assert carry_out(record(steps, str(top)), quiet)
    run, host = find_run("run"), RootHost(str(top))

    def changed() -> tuple[str, ...]:
        return tuple(one.path for one in later(run.plan(), run.journal(), host))

    assert changed() == ()
    (top / "a").write_bytes(b"X")
    assert changed() == ("/a",)
    with pytest.raises(RefusedError, match="/a: added or changed after the repair"):
        undo.prepare(run, host)
    (top / "a").write_bytes(b"first\n")
    assert changed() == (), "as it was before the repair: there is nothing to lose"
    (top / "new").write_bytes(b"z")
    assert changed() == ("/new",)


def test_no_room_means_no_run(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the room for the way back can't be had, no run is left behind."""
    run = RunDirectory.create(record([], str(top)))

    def full(descriptor: int, offset: int, size: int) -> None:
        del descriptor, offset, size
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(RefusedError, match="no space"):
        run.reserve(1 << 20)
    assert not Path(run.path).exists()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"https-proxy": "http://me:pw@proxy:1"', '"https-proxy": "http://***@proxy:1"'),
        ('"https-proxy": "http://token@proxy:1"', '"https-proxy": "http://***@proxy:1"'),
        ("--log-opt splunk-token=abc --icc=false", "--log-opt splunk-token=*** --icc=false"),
        ('Environment="DB_PASSWORD=abc"', 'Environment="DB_PASSWORD=***"'),
        ('"auth": "YWJj"', '"auth": "***"'),
        ('"authorization-plugins": ["opa"]', '"authorization-plugins": ["opa"]'),
        ('"tlsverify": true', '"tlsverify": true'),
    ],
)
def test_a_diff_shows_no_secret(line: str, shown: str) -> None:
    """Credentials in URLs and values of what is called a secret; nothing else."""
    assert redact(line) == shown
