"""The history of scans: stored scans are read back, and no file on disk makes a scan fail."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from doctor.history.body import pack_repair, unpack_repair
from doctor.history.store import NAME, History
from doctor.model.finding import Evidence, Finding, FixSummary, Seen, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import HostInfo, ManualFix, PlannedAction, RepairReport, ScanReport
from doctor.model.severity import Applicability, Severity
from doctor.state.settings import Keep

HOST = HostInfo(name="alpha", kernel="6.12", os="Debian", engine="26.1.5")
DAY = 86400.0
NOW = 1_800_000_000.0


class Detail(Struct, frozen=True, kw_only=True):
    """Detail for a fixer."""

    things: frozenset[int]


def finding(name: str, identity: str = "state/x", **more: object) -> Finding:
    """A finding as the engine completes it."""
    base = Finding(id=identity, subject=Subject("file", name), message=f"{name} is corrupt", severity=Severity.ERROR)
    return replace(base, **more)  # type: ignore[arg-type]


def scan(*findings: Finding, started: float = NOW, host: HostInfo = HOST) -> ScanReport:
    """A scan with these findings."""
    return ScanReport(
        host=host,
        doctor="0.1.0",
        started=started,
        seconds=0.2,
        findings=findings,
        outcomes=(Outcome(id="state/x", result=Result.FAIL if findings else Result.PASS, seconds=0.01),),
        ok={"state/x": "all is whole"},
    )


def test_a_scan_is_read_back_whole(tmp_path: Path) -> None:
    """Also with a repair, probes, a cause, undecodable bytes; only the detail for fixers is left out."""
    hostile = b"caf\xe9\x1b[31m".decode("utf-8", "surrogateescape")
    full = finding(
        hostile,
        evidence=(Evidence("/a", hostile),),
        fix=FixSummary(Applicability.SAFE, "repair it"),
        causes=("0123456789abcdef",),
        detail=Detail(things=frozenset({1})),
    )
    repair = RepairReport(
        run="R1",
        host=HOST,
        doctor="0.1.0",
        started=NOW,
        seconds=1.0,
        actions=(
            PlannedAction(
                number=1,
                summary="s",
                risk=Applicability.SAFE,
                fixes=("f",),
                check_ids=("state/x",),
                diff="-a\n+b\n",
                result="done",
            ),
        ),
        probes=(ProbeResult(name="egress", proves="p", result=Result.PASS, message="m"),),
        resolved=(full,),
        remaining=(),
        manual=(ManualFix(finding=full, why="w", advice="a"),),
    )
    report = replace(scan(full), repairs=(repair,), probes=repair.probes, notes=("n",))
    with History(str(tmp_path)) as history:
        number = history.record(report, now=NOW)
        assert number is not None
        back = history.named(number)
        assert history.notes == []
    assert back is not None
    assert {one.seen for one in back.findings} == {Seen(first=NOW, since=NOW)}
    bare = replace(full, detail=None)
    findings = tuple(replace(one, seen=None) for one in back.findings)
    assert replace(back, findings=findings, change=None) == replace(report, findings=(bare,), repairs=())
    assert unpack_repair(pack_repair(repair)) == replace(
        repair, resolved=(bare,), manual=(ManualFix(finding=bare, why="w", advice="a"),)
    )
    assert back.findings[0].fingerprint == full.fingerprint


def test_rows_are_of_this_host_and_oldest_first(tmp_path: Path) -> None:
    """A mounted disk of the same name is another host."""
    disk = HostInfo(name="alpha", root="/mnt/alpha")
    with History(str(tmp_path)) as history:
        for day in range(5):
            history.record(scan(*[finding(str(n)) for n in range(day)], started=NOW + day * DAY), now=NOW + day * DAY)
        history.record(scan(finding("a"), host=disk), now=NOW)
        rows = history.rows(HOST, limit=3)
        assert [row.counts["error"] for row in rows] == [2, 3, 4]
        assert [row.started for row in rows] == [NOW + 2 * DAY, NOW + 3 * DAY, NOW + 4 * DAY]
        assert len(history.rows(disk)) == 1
        last = history.last(HOST)
        assert last is not None
        assert len(last.findings) == 4
        assert len(history.scans()) == 6


def test_old_and_many_scans_are_dropped(tmp_path: Path) -> None:
    """By age and by number; the newest always stays."""
    with History(str(tmp_path)) as history:
        for day in range(6):
            history.record(scan(started=NOW + day * DAY), Keep(days=3, scans=100), now=NOW + day * DAY)
        assert len(history.scans()) == 4
        history.record(scan(started=NOW + 6 * DAY), Keep(days=100, scans=2), now=NOW + 6 * DAY)
        assert [kept.started for kept in history.scans()] == [NOW + 5 * DAY, NOW + 6 * DAY]
        # A scan or two in 2038 make no earlier one older.
        for when in (2_147_483_647.0, 2_147_483_647.0 + DAY, NOW + 7 * DAY):
            history.record(scan(started=when), Keep(days=3, scans=100), now=when)
        assert len(history.scans()) == 5
        # A host whose clock stands in 1970 still has its latest scan.
        history.record(scan(started=0.0), Keep(days=1), now=NOW)
        assert history.scans()[-1].started == 0.0


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """0700 and 0600, whatever the umask; SQLite's journal has the mode of its database."""
    before = os.umask(0)
    try:
        with History(str(tmp_path / "state")) as history:
            history.record(scan(), now=NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600


def test_reading_makes_no_file(tmp_path: Path) -> None:
    """A host that was never scanned has no history, and reading it creates none."""
    with History(str(tmp_path / "none")) as history:
        assert history.rows(HOST) == ()
        assert history.last() is None
        assert history.notes == []
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("damage", ["garbage", "nul", "truncated", "pages"])
def test_a_damaged_history_is_set_aside(tmp_path: Path, damage: str) -> None:
    """It is kept under another name, a note says so, and this scan is the first of a new one."""
    file = tmp_path / NAME
    with History(str(tmp_path)) as history:
        for _ in range(200):
            history.record(scan(*[finding(str(n)) for n in range(5)]), now=NOW)
    size = file.stat().st_size
    content = file.read_bytes()
    file.write_bytes(
        {
            "garbage": b"\xa5" * size,
            "nul": bytes(size),
            "truncated": content[: 4096 + 100],
            "pages": content[:4096] + b"\xff" * (size - 4096),
        }[damage]
    )
    damaged = file.read_bytes()
    with History(str(tmp_path)) as history:
        assert history.record(scan(finding("a")), now=NOW) is not None
        assert len(history.rows(HOST)) == 1
        assert len(history.notes) == 1
        assert "a new one was created" in history.notes[0]
    aside = [name for name in os.listdir(tmp_path) if ".damaged-" in name]
    assert len(aside) == 1
    assert (tmp_path / aside[0]).read_bytes() == damaged


def test_a_history_of_a_newer_doctor_is_left_alone(tmp_path: Path) -> None:
    """It is neither read nor written, and a note says so."""
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    before = (tmp_path / NAME).read_bytes()
    with History(str(tmp_path)) as history:
        assert history.record(scan(), now=NOW) is None
        assert "a newer doctor wrote this history" in history.notes[0]
    assert (tmp_path / NAME).read_bytes() == before


def test_one_unreadable_scan_is_reported(tmp_path: Path) -> None:
    """The others stay."""
    with History(str(tmp_path)) as history:
        number = history.record(scan(), now=NOW)
        history.record(scan(finding("a")), now=NOW)
        assert history._connection is not None
        with history._connection as connection:
            connection.execute("UPDATE scan SET body = x'00', counts = '[' WHERE number = ?", (number,))
        assert history.named(number or 0) is None
        assert f"scan {number}: can't read a scan of the history" in history.notes[0]
        assert [row.counts.get("error") for row in history.rows(HOST)] == [None, 1]


def test_a_place_that_cannot_be_written_is_a_note(tmp_path: Path) -> None:
    """A file where the directory should be; a directory where the file should be."""
    (tmp_path / "file").write_bytes(b"")
    with History(str(tmp_path / "file")) as history:
        assert history.record(scan(), now=NOW) is None
        assert "this scan is not kept" in history.notes[0]
    (tmp_path / "dir" / NAME).mkdir(parents=True)
    with History(str(tmp_path / "dir")) as history:
        assert history.record(scan(), now=NOW) is None
        assert history.rows(HOST) == ()
        assert len(history.notes) == 2


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """A user who could plant one would redirect root's writes."""
    (tmp_path / "target").write_bytes(b"")
    (tmp_path / NAME).symlink_to(tmp_path / "target")
    with History(str(tmp_path)) as history:
        assert history.record(scan(), now=NOW) is None
        assert "this scan is not kept" in history.notes[0]
    assert (tmp_path / "target").read_bytes() == b""


def test_two_doctors_at_once_both_keep_their_scan(tmp_path: Path) -> None:
    """Each waits for the other; the schema is made once."""
    script = (
        "import sys\nfrom tests.unit.history.test_history import scan, NOW\nfrom doctor.history.store import History\n"
        "with History(sys.argv[1]) as h:\n    assert h.record(scan(), now=NOW) is not None, h.notes"
    )
    root = Path(__file__).parents[3]
    doctors = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root) for _ in range(4)]
    assert [doctor.wait() for doctor in doctors] == [0, 0, 0, 0]
    with History(str(tmp_path)) as history:
        assert len(history.scans()) == 4


def test_a_history_that_others_can_write_is_not_used(tmp_path: Path) -> None:
    """It is neither read nor written, and a note says so."""
    with History(str(tmp_path)) as history:
        history.record(scan(finding("a")), now=NOW)
    (tmp_path / "history.db").chmod(0o666)
    with History(str(tmp_path)) as history:
        assert history.last() is None
        assert history.record(scan(finding("a")), now=NOW) is None
        assert all("users other than" in note for note in history.notes)
        assert len(history.notes) == 2
