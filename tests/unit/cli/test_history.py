"""``doctor history``: kept scans are listed, shown and compared, whatever a host wrote in them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from doctor.cli.commands.history import command, difference
from doctor.cli.commands.history.command import ListOptions
from doctor.cli.commands.report import command as report
from doctor.cli.common import SharedOptions
from doctor.cli.completion import own
from doctor.history.store import NAME, History
from doctor.model.errors import DoctorError, UsageError
from doctor.model.finding import Finding, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.report import HostInfo, ScanReport
from doctor.model.severity import Severity
from tests.unit.reports.samples import NASTY

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
VERBOSE = SharedOptions(verbose=True, quiet=False, colour=False)
DAY = 86400.0
NOW = 1_800_000_000.0
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "history.schema.json"


def finding(name: str, level: Severity = Severity.ERROR, waived: str = "") -> Finding:
    """A finding as a scan completes it."""
    return Finding(
        id="state/x", subject=Subject("file", name), message=f"{name} is corrupt", severity=level, waived=waived
    )


def scan(day: float, *findings: Finding, name: str = "alpha", gap: bool = False, engine: str = "26.1.4") -> ScanReport:
    """A scan of a day."""
    return ScanReport(
        host=HostInfo(name=name, engine=engine),
        doctor="0.1.0",
        started=NOW + day * DAY,
        seconds=0.2,
        findings=findings,
        outcomes=(Outcome(id="state/x", result=Result.FAIL if findings else Result.PASS, incomplete=gap),),
        ok={},
    )


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with five scans of two hosts."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "doctor.toml"))
    (tmp_path / "doctor.toml").write_bytes(b"")
    with History() as history:
        history.keep(scan(0, finding("a"), finding("w")))
        history.keep(scan(1, finding("a"), finding("b"), finding("w", waived="known"), engine="26.1.5"))
        history.keep(scan(1.5, name="beta"))
        history.keep(scan(2, finding("a", Severity.CRITICAL), gap=True))
        history.keep(scan(3, finding("a", Severity.CRITICAL)))
        assert history.notes == []
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    """The document, which the schema describes."""
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    return document


def test_a_list_has_result_and_change(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The host's column is there only if it says something."""
    assert command.list_all(ListOptions(), PLAIN) == 0
    assert capsys.readouterr().out.splitlines() == [
        "scan  when                  host   result    change        findings",
        "   5  2027-01-18 08:00 UTC  alpha  problems  -1            1 critical",
        "   4  2027-01-17 08:00 UTC  alpha  problems  1 worse       1 critical, 1 incomplete",
        "   3  2027-01-16 20:00 UTC  beta   clear     ?             none",
        "   2  2027-01-16 08:00 UTC  alpha  problems  +1, 1 waived  2 error, 1 waived",
        "   1  2027-01-15 08:00 UTC  alpha  problems  ?             2 error",
    ]
    assert command.list_all(ListOptions(host="beta"), PLAIN) == 0
    assert capsys.readouterr().out.splitlines()[0] == "scan  when                  result  change  findings"


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (ListOptions(limit=2), [5, 4]),
        (ListOptions(limit=0), [5, 4, 3, 2, 1]),
        (ListOptions(limit=10**30), [5, 4, 3, 2, 1]),
        (ListOptions(since="2", until="4"), [4, 3, 2]),
        (ListOptions(since="2027-01-16", until="2027-01-16"), [3, 2]),
        (ListOptions(since="2027-01-16 08:00", until="2027-01-16 08:00"), [2]),
        (ListOptions(since="2027-01-16T10:00+02:00", host="alpha"), [5, 4, 2]),
        (ListOptions(until="1h", since="1"), []),
        (ListOptions(host="gamma"), []),
        (ListOptions(host="\udcff"), []),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_ranges(kept: Path, options: ListOptions, numbers: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    """By number, day, minute and age, both ends inclusive."""
    assert command.list_all(replace(options, format="json"), PLAIN) == 0
    assert [one["number"] for one in printed(capsys)["scans"]] == numbers


def test_a_scan_is_shown_as_it_was(kept: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """By number, by time, or the last one; in each format."""
    assert command.show("2", "", "json", "", PLAIN) == 0
    document = json.loads(capfdbinary.readouterr().out)
    assert [one["seen"]["scans"] for one in document["findings"]] == [2, 1, 2]
    assert document["change"]["says"] == "+1, 1 newly waived since yesterday 08:00 UTC"
    for word in ("2027-01-16 19:00", "2027-01-16T08:00"):
        assert command.show(word, "", "nagios", "", PLAIN) == 0
        assert b"2 problems found" in capfdbinary.readouterr().out
    assert command.show("", "", "text", "", PLAIN) == 0
    assert b"in 4 scans" not in capfdbinary.readouterr().out
    assert command.show("last", "beta", "text", "", PLAIN) == 0
    assert b"beta\n" in capfdbinary.readouterr().out


def test_two_scans_are_compared(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The scan between them, which could not examine everything, does not matter."""
    assert difference.run(("1", "2"), "", "text", PLAIN) == 0
    assert capsys.readouterr().out.splitlines() == [
        "alpha: scan 1 (2027-01-15 08:00 UTC) and scan 2 (2027-01-16 08:00 UTC)",
        "engine: 26.1.4 before, 26.1.5 after",
        "",
        "New:",
        "  ERROR     b is corrupt (state/x)",
        "",
        "Waived now:",
        "  ERROR     w is corrupt (state/x): known",
        "",
        "1 finding unchanged (-v lists them)",
    ]
    assert difference.run(("2",), "alpha", "json", PLAIN) == 0
    document = printed(capsys)
    names = {
        key: [one["subject"]["name"] for one in document[key]] for key in ("new", "worse", "gone", "unknown", "same")
    }
    assert names == {"new": [], "worse": ["a"], "gone": ["b", "w"], "unknown": [], "same": []}
    assert difference.run((), "alpha", "text", VERBOSE) == 0
    assert "Unchanged:\n  CRITICAL  a is corrupt" in capsys.readouterr().out


def test_a_check_that_did_not_run_is_not_a_change(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in the later nor in the earlier scan."""
    assert difference.run(("2", "4"), "", "json", PLAIN) == 0
    document = printed(capsys)
    assert ([one["subject"]["name"] for one in document["unknown"]], document["gone"]) == (["b", "w"], [])
    assert difference.run(("4", "2"), "", "json", PLAIN) == 0
    document = printed(capsys)
    assert ([one["subject"]["name"] for one in document["found"]], document["new"]) == (["b", "w"], [])


def test_mistakes_are_named(kept: Path) -> None:
    """The number, the word, the hosts, the format, and what to do."""
    for words, says in (
        (("99",), "scan 99 is not kept"),
        (("1", "3"), "scan 1 is of host alpha and scan 3 of host beta"),
        (("gestern",), "'gestern' is neither a scan's number nor a time"),
        (("1999-01-01",), "no scan up to 1999-01-01 is kept"),
    ):
        with pytest.raises(DoctorError, match=says):
            difference.run(words, "", "text", PLAIN)
    with pytest.raises(DoctorError, match="no scan of host gamma up to now is kept"):
        command.show("", "gamma", "text", "", PLAIN)
    with pytest.raises(DoctorError, match="only one scan of this host is kept"):
        difference.run((), "beta", "text", PLAIN)
    for call in (
        lambda: command.list_all(ListOptions(format="html"), PLAIN),
        lambda: command.list_all(ListOptions(limit=-1), PLAIN),
        lambda: command.show("", "", "nothing", "", PLAIN),
    ):
        with pytest.raises(UsageError):
            call()


def test_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Said, with the way out; no file is created."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "new"))
    assert command.list_all(ListOptions(), PLAIN) == 0
    assert capsys.readouterr().out == "no scan of this user is kept yet\n"
    with pytest.raises(DoctorError, match="no scan of this user is kept yet"):
        command.show("", "", "text", "", PLAIN)
    assert not (tmp_path / "new").exists()


def test_text_of_a_host_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names with control characters, markup, undecodable bytes, and a megabyte."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "doctor.toml"))
    (tmp_path / "doctor.toml").write_bytes(b"")
    hostile = (finding(NASTY), finding("x" * 1_000_000, waived=NASTY))
    with History() as history:
        for day in range(3):
            history.keep(scan(day, *hostile[: 1 + day % 2], name=NASTY, engine=f"{NASTY}{day}"))
        assert history.notes == []
    for format_name in ("text", "json"):
        assert command.list_all(ListOptions(format=format_name), PLAIN) == 0
        assert difference.run(("1", "2"), "", format_name, VERBOSE) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_rows_of_somebody_else(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times that are none, counts and bodies of another kind, NUL: each costs its scan, and nothing more."""
    connection = sqlite3.connect(kept / NAME)
    connection.execute("UPDATE scan SET started = 1e300 WHERE number = 1")
    connection.execute("UPDATE scan SET counts = '[[[', host = CAST(x'ff0041' AS TEXT) WHERE number = 2")
    connection.execute("UPDATE scan SET body = zeroblob(1000000) WHERE number = 4")
    connection.execute("UPDATE scan SET counts = ? WHERE number = 5", (json.dumps({"critical": "x", "plus": [1]}),))
    connection.execute("UPDATE life SET body = '{}' WHERE id = 'state/x'")
    connection.commit()
    connection.close()
    assert command.list_all(ListOptions(format="json"), PLAIN) == 0
    assert [(one["number"], one["plus"]) for one in printed(capsys)["scans"]] == [
        (5, None),
        (4, 0),
        (3, None),
        (2, None),
    ]
    with pytest.raises(DoctorError, match="scan 4: can't read a scan of the history"):
        command.show("4", "", "text", "", PLAIN)
    with History() as history:
        shown = history.keep(scan(9, finding("a")))
        assert [one.seen and one.seen.scans for one in shown.findings] == [1]
        assert history.notes == []


def test_a_history_that_can_not_be_read_is_not_an_empty_one(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a newer doctor, or locked: the reason is given once, and the exit code is that of an incomplete answer."""
    connection = sqlite3.connect(kept / NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    assert command.list_all(ListOptions(), PLAIN) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("a newer doctor wrote this history") == 1
    assert command.list_all(ListOptions(format="json"), PLAIN) == 3
    assert len(printed(capsys)["notes"]) == 1
    assert report.run("", "", PLAIN, list_scans=True) == 3
    assert "no scan" not in capsys.readouterr().out
    with pytest.raises(DoctorError, match="a newer doctor wrote this history") as caught:
        command.show("", "", "text", "", PLAIN)
    assert "no scan" not in str(caught.value)


def test_numbers_and_hosts_are_completed(kept: Path) -> None:
    """The newest first, with their times."""
    assert own.scans()[0] == ("5", "2027-01-18 08:00 UTC")
    assert own.hosts() == ["alpha", "beta"]
