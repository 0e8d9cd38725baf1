"""The report of a repair is kept with its run, and shown again by ``doctor report``."""

import time
from pathlib import Path

import pytest
from markupsafe import escape
from msgspec.structs import replace

from doctor.cli.commands.report import command as report
from doctor.cli.commands.report import kept_repairs
from doctor.cli.common import SharedOptions
from doctor.cli.page_parts import completed
from doctor.history.store import History
from doctor.model.errors import UsageError
from doctor.model.report import RepairReport
from doctor.plugins.load import load
from doctor.repair.runs.record import ActionRecord, PlanRecord, RunDirectory
from tests.unit.reports import samples

PLAIN = SharedOptions(verbose=False, quiet=False, colour=False)
NAME = "0001-20270115-080001"
NOW = samples.STARTED


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state directory."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def run_of(
    name: str = NAME, *, started: float = NOW, undoes: str = "", result: str = "applied", root: str = "/"
) -> RunDirectory:
    """A run with one action on disk."""
    action = ActionRecord(
        number=1,
        summary="set net.ipv4.ip_forward to 1",
        risk=1,
        fixes=("f",),
        check_ids=("a/b",),
        diff="+1\n",
        steps=(),
    )
    run = RunDirectory.create(
        PlanRecord(run=name, doctor="0.1.0", started=started, root=root, actions=(action,), undoes=undoes)
    )
    if result:
        run.finish(result)
    return run


def page_of(name: str, place: Path) -> str:
    """The page that ``doctor report NAME`` writes."""
    assert report.run(name, str(place / "page.html"), PLAIN) == 0
    return (place / "page.html").read_text("utf-8")


def test_a_repair_s_page_has_all_three_parts(state: Path, tmp_path: Path) -> None:
    """The findings, the actions and the proof, a year later."""
    run = run_of()
    kept_repairs.keep(replace(samples.REPAIR, run=NAME), print)
    assert (Path(run.path) / "report").stat().st_mode & 0o777 == 0o600
    page = page_of(NAME, tmp_path)
    for heading in (">The problems<", ">The repair<", ">The proof<", f"doctor undo {NAME}"):
        assert heading in page
    for words in (samples.DATABASE.message, samples.PROVEN[1].message):
        assert str(escape(words)) in page
    assert "Why it matters" in page


def test_an_undone_repair_says_so(state: Path, tmp_path: Path) -> None:
    """A colleague must not take its page for the state of the host."""
    run_of()
    kept_repairs.keep(replace(samples.REPAIR, run=NAME), print)
    run_of("0002-20270115-090000", started=NOW + 3600, undoes=NAME)
    assert "This repair was undone at 2027-01-15 09:00 UTC" in page_of(NAME, tmp_path)
    assert f"This run undoes repair {NAME}" in page_of("0002-20270115-090000", tmp_path)


@pytest.mark.parametrize("kept", [None, b"\0garbage", b"x" * 100])
def test_a_run_without_its_report_shows_its_plan(state: Path, tmp_path: Path, kept: bytes | None) -> None:
    """Killed before its report was written, of an older doctor, or corrupt: what is known is shown, with the doubt."""
    run = run_of(result="" if kept is None else "applied")
    if kept is not None:
        (Path(run.path) / "report").write_bytes(kept)
    page = page_of(NAME, tmp_path)
    assert "Set net.ipv4.ip_forward to 1" in page
    assert ("is unfinished" in page) == (kept is None)
    assert "its plan" in page


def test_a_report_that_can_not_be_kept_is_a_note(state: Path) -> None:
    """The repair is over: a full disk takes only its page."""
    said: list[str] = []
    kept_repairs.keep(replace(samples.REPAIR, run=NAME), said.append)
    assert said == [
        f"note: the report of repair {NAME} is not kept: there is no repair '{NAME}' — see 'doctor undo --list'"
    ]
    kept_repairs.keep(replace(samples.REPAIR, run=""), said.append)
    assert len(said) == 1


def test_secrets_are_not_kept(state: Path) -> None:
    """The report is redacted before it is written."""
    run = run_of()
    action = replace(samples.DONE[0], diff="+  MYSQL_PASSWORD=hunter2\n")
    kept_repairs.keep(replace(samples.REPAIR, run=NAME, actions=(action,)), print)
    data = run.report()
    assert data is not None
    assert "hunter2" not in repr(kept_repairs.named(NAME))


def test_a_scan_s_page_shows_the_repairs_of_its_day(state: Path) -> None:
    """Not older ones, not undoes, not those of a mounted disk, and nothing where a scan is about a supposed upgrade."""
    run_of(started=NOW - 3600)
    kept_repairs.keep(replace(samples.REPAIR, run=NAME), print)
    run_of("0002-20270113-080001", started=NOW - 2 * 86400)
    run_of("0003-20270115-080001", started=NOW - 60, undoes="0002-20270113-080001")
    assert [one.run for one in kept_repairs.recent(samples.CLEAR)] == [NAME]
    assert kept_repairs.recent(replace(samples.CLEAR, host=replace(samples.HOST, root="/mnt"))) == ()
    page, text = (load().report_format(name).declaration for name in ("html", "text"))
    shown = completed(samples.CLEAR, load(), page)
    assert [one.run for one in shown.repairs] == [NAME]  # type: ignore[union-attr]
    assert samples.DATABASE.id in shown.pages  # type: ignore[union-attr]
    assert completed(samples.CLEAR, load(), text) is samples.CLEAR
    upgrade = replace(samples.CLEAR, scope=replace(samples.CLEAR.scope, engine="29"))
    assert completed(upgrade, load(), page).repairs == ()  # type: ignore[union-attr]


def test_an_unknown_run_is_a_mistake(state: Path) -> None:
    """With the way to the names."""
    with pytest.raises(UsageError, match="there is no repair '0009-20270101-000000'"):
        report.run("0009-20270101-000000", "", PLAIN)


def test_the_page_of_a_run_does_not_replace_that_of_the_scan(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its default name holds the run."""
    with History() as history:
        history.record(replace(samples.CLEAR, started=time.time()))
    run_of()
    kept: RepairReport = replace(samples.REPAIR, run=NAME)
    kept_repairs.keep(kept, print)
    assert report.run("", "", PLAIN) == 0
    assert report.run(NAME, "", PLAIN) == 0
    assert capsys.readouterr().out.split() == [str(state / "report.html"), str(state / f"report-{NAME}.html")]
