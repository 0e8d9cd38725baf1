"""``doctor report``: the page of a kept scan."""

import re
from pathlib import Path

import pytest
from markupsafe import escape
from msgspec.structs import replace

from doctor.cli.commands.report import command as report
from doctor.cli.common import SharedOptions
from doctor.history.store import History
from doctor.model.errors import DoctorError, UsageError
from tests.unit.reports import samples

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory with three scans, the second of them broken."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    with History() as history:
        for number, scan in enumerate((samples.HEALTHY, samples.BROKEN, samples.HEALTHY)):
            history.record(
                replace(scan, started=samples.STARTED + number * 60, history=()), now=samples.STARTED + number * 60
            )
        assert history.notes == []
    return tmp_path


def test_the_last_scan_goes_where_the_settings_say(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the two before it in the chart, and not itself a second time."""
    assert report.run("", "", PLAIN) == 0
    place = kept / "report.html"
    assert capsys.readouterr().out.strip() == str(place)
    page = place.read_text("utf-8")
    assert ">Healthy; test containers passed: storage, egress, limits, start</p>" in page
    assert "Findings of 3 scans" in page


def test_a_named_scan_to_a_named_file(kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the number that the list shows."""
    assert report.run("", "", PLAIN, list_scans=True) == 0
    broken = next(line for line in capsys.readouterr().out.splitlines() if "critical" in line)
    number = re.match(r"\s*(\d+)", broken)
    assert number is not None
    assert report.run(number[1], str(tmp_path / "page.html"), PLAIN) == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert escape(samples.DATABASE.message) in page
    assert "Findings of 2 scans" in page


def test_standard_output_and_other_formats(kept: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A scan of last week as Markdown, into a pipe."""
    assert report.run("2", "-", PLAIN, format_name="markdown") == 0
    assert capfdbinary.readouterr().out.startswith(b"# web")


def test_mistakes_are_named(kept: Path, tmp_path: Path) -> None:
    """No number, no such scan, no place, nothing kept."""
    with pytest.raises(UsageError, match="is neither a scan's number nor a time"):
        report.run("yesterday", "", PLAIN)
    with pytest.raises(DoctorError, match="scan 99 is not kept"):
        report.run("99", "", PLAIN)
    with pytest.raises(DoctorError, match="can't write the report: No such file or directory"):
        report.run("", str(tmp_path / "none" / "x.html"), PLAIN)


def test_nothing_kept_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is named."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "new"))
    with pytest.raises(DoctorError, match="no scan of this user is kept yet — run 'doctor scan' first"):
        report.run("", "", PLAIN)


@pytest.mark.parametrize("name", ["json", "markdown", "text", "junit", "sarif", "prometheus", "nagios"])
def test_each_format_has_a_file_of_its_own(kept: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """``-f json`` wrote over the page that a colleague was looking at."""
    assert report.run("", "", PLAIN) == 0
    page = (kept / "report.html").read_bytes()
    assert report.run("", "", PLAIN, format_name=name) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(kept / f"report.{name}")
    assert (kept / f"report.{name}").exists()
    assert (kept / "report.html").read_bytes() == page
