"""Since when a finding is there, and what changed: only a complete run of its check ends it, whatever the clocks show."""

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from doctor.history.changes import changes
from doctor.history.store import History
from doctor.model.change import ScanChange
from doctor.model.finding import Finding, Seen, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import HostInfo, ScanReport
from doctor.model.severity import Severity
from doctor.state.settings import Keep

HOST = HostInfo(name="alpha")
DAY = 86400.0
NOW = 1_800_000_000.0


def finding(name: str, identity: str = "state/x", level: Severity = Severity.ERROR) -> Finding:
    """A finding as a scan completes it."""
    return Finding(id=identity, subject=Subject("file", name), message=f"{name} is corrupt", severity=level)


def scan(
    names: str = "",
    day: float = 0,
    *,
    more: Iterable[Finding] = (),
    ran: Result = Result.PASS,
    gap: bool = False,
    host: HostInfo = HOST,
) -> ScanReport:
    """A scan with a finding a letter, whose check ran so."""
    return ScanReport(
        host=host,
        doctor="0.1.0",
        started=NOW + day * DAY,
        seconds=0.2,
        findings=(*(finding(name) for name in names), *more),
        outcomes=(Outcome(id="state/x", result=ran, incomplete=gap),),
        ok={},
    )


def kept(directory: Path, *reports: ScanReport) -> ScanReport:
    """Keep the scans, and return the last one as it is shown."""
    with History(str(directory)) as history:
        shown = [history.keep(report) for report in reports][-1]
        assert history.notes == []
    return shown


def seen(report: ScanReport, name: str = "a") -> Seen:
    """The knowledge about a finding."""
    found = next(one for one in report.findings if one.subject.name == name).seen
    assert found is not None
    return found


def test_since_when_and_how_often(tmp_path: Path) -> None:
    """From its first scan on; after a scan that did not find it, from the next one on."""
    shown = kept(tmp_path, scan("a", 0), scan("a", 1), scan("a", 5))
    assert seen(shown) == Seen(first=NOW, since=NOW, times=1, scans=3)
    shown = kept(tmp_path, scan("", 6), scan("a", 7), scan("", 8), scan("a", 9), scan("ab", 10))
    assert seen(shown) == Seen(first=NOW, since=NOW + 9 * DAY, times=3, scans=2)
    assert seen(shown, "b") == Seen(first=NOW + 10 * DAY, since=NOW + 10 * DAY)
    # The kept scan has the knowledge of its time.
    with History(str(tmp_path)) as history:
        assert seen(history.named(3) or shown) == Seen(first=NOW, since=NOW, times=1, scans=3)


def test_a_check_that_did_not_run_ends_nothing(tmp_path: Path) -> None:
    """An error, a skip, a gap, or no such check in this scan: nothing is known, and the finding was there all the time."""
    shown = kept(
        tmp_path,
        scan("a", 0),
        scan("", 1, ran=Result.ERROR, gap=True),
        scan("", 2, ran=Result.SKIP),
        scan("", 3, gap=True),
        replace(scan("", 4), outcomes=()),
    )
    assert shown.change is not None
    assert ([one.subject.name for one in shown.change.unknown], shown.change.gone) == (["a"], ())
    shown = kept(tmp_path, scan("a", 5))
    assert seen(shown) == Seen(first=NOW, since=NOW, times=1, scans=2)
    assert shown.change == ScanChange(since=NOW + 4 * DAY)


def test_a_probe_that_was_not_tried_ends_nothing(tmp_path: Path) -> None:
    """A scan without test containers knows nothing about what they prove."""
    failed = finding("egress", "probe/egress-failed")
    probe = ProbeResult(name="egress", proves="p", result=Result.FAIL, message="m")
    found = replace(scan(more=[failed]), probes=(probe,))
    shown = kept(tmp_path, found, scan("", 1), replace(found, started=NOW + 2 * DAY))
    assert seen(shown, "egress").scans == 2
    passed = replace(scan("", 3), probes=(replace(probe, result=Result.PASS),))
    shown = kept(tmp_path, passed)
    assert shown.change is not None
    assert [one.id for one in shown.change.gone] == ["probe/egress-failed"]


def test_what_changed(tmp_path: Path) -> None:
    """New, returned, worse, waived, waiver ended, gone; remarks and waived ones are not counted in plus and minus."""
    waived = replace(finding("w"), waived="known")
    first = kept(tmp_path, scan("bg", 0, more=[finding("i", level=Severity.INFO), waived, finding("v")]))
    assert first.change == ScanChange()
    shown = kept(
        tmp_path,
        scan("gr", 1, more=[finding("b", level=Severity.CRITICAL), finding("w"), replace(finding("v"), waived="ok")]),
        scan("g", 2, more=[finding("b", level=Severity.CRITICAL), finding("w"), replace(finding("v"), waived="ok")]),
        scan("rn", 3, more=[finding("b", level=Severity.CRITICAL), finding("w"), finding("j", level=Severity.INFO)]),
    )
    change = shown.change
    assert change is not None
    by_name = {one.fingerprint: one.subject.name for one in shown.findings}
    assert [by_name[key] for key in change.new] == ["r", "n", "j"]
    assert [by_name[key] for key in change.returned] == ["r"]
    assert [one.subject.name for one in change.gone] == ["g", "v"]
    assert (change.plus, change.minus, change.since) == (2, 1, NOW + 2 * DAY)
    assert change.says(NOW + 3 * DAY) == "+2 -1 since yesterday 08:00 UTC"
    with History(str(tmp_path)) as history:
        second = history.named(2)
        assert second is not None
        assert second.change is not None
        assert [by_name[key] for key in second.change.worse] == ["b"]
        assert [by_name[key] for key in second.change.unwaived] == ["w"]
        assert second.change.waived == (finding("v").fingerprint,)
        assert [(row.plus, row.minus, row.state) for row in history.scans()] == [
            (None, None, "problems"),
            (2, 0, "problems"),
            (0, 1, "problems"),
            (2, 1, "problems"),
        ]
        # Any two scans are compared in the same way.
        assert changes(second, shown).since == NOW + DAY
        assert [one.subject.name for one in changes(second, shown).gone] == ["g", "v"]


def test_clocks_decide_nothing(tmp_path: Path) -> None:
    """The order is that of the scans. A time in the future is not made an age."""
    shown = kept(tmp_path, scan("a", 4000), scan("a", 0), scan("", -20_000), scan("ab", 1), scan("ab", 2))
    assert seen(shown) == Seen(first=NOW + 4000 * DAY, since=NOW + DAY, times=2, scans=2)
    assert seen(shown).says(shown.started) == "since 2027-01-16 08:00 UTC (1 day, 2 scans), for the 2nd time"
    wrong = kept(tmp_path / "other", scan("a", 4000), scan("a", 0))
    assert seen(wrong).days(wrong.started) is None
    assert seen(wrong).says(wrong.started) == "in 2 scans; one of them had a wrong clock"
    assert wrong.change is not None
    assert wrong.change.says(wrong.started).endswith("at which the clock was wrong or is now")


def test_another_root_is_another_host(tmp_path: Path) -> None:
    """Its findings neither end nor continue those of this one."""
    disk = HostInfo(name="alpha", root="/mnt/alpha")
    shown = kept(tmp_path, scan("a"), scan("", 1, host=disk), scan("a", 2), scan("a", 3, host=disk))
    assert seen(shown) == Seen(first=NOW + 3 * DAY, since=NOW + 3 * DAY)
    assert seen(kept(tmp_path, scan("a", 4))).scans == 3


def test_a_life_follows_a_check_that_is_renamed(tmp_path: Path) -> None:
    """Former ids are asked for once, when the checks are others than before."""
    asked = []

    def renamed() -> dict[str, str]:
        asked.append(1)
        return {"state/old": "state/x"}

    with History(str(tmp_path)) as history:
        history.keep(scan(more=[finding("a", "state/old")]), checks=["state/old"], renamed=renamed)
        for day in (1, 2):
            shown = history.keep(scan("a", day), checks=["state/x", "state/y"], renamed=renamed)
    assert seen(shown) == Seen(first=NOW, since=NOW, scans=3)
    assert asked == [1]


def test_it_is_known_longer_than_scans_are_kept(tmp_path: Path) -> None:
    """And forgotten when the last scan that found it is dropped."""
    with History(str(tmp_path)) as history:
        for day in range(6):
            shown = history.keep(scan("ab" if not day else "a", day), Keep(scans=2))
        assert seen(shown) == Seen(first=NOW, since=NOW, scans=6)
        assert len(history.scans()) == 2
        assert seen(history.keep(scan("b", 7), Keep(scans=2)), "b") == Seen(first=NOW + 7 * DAY, since=NOW + 7 * DAY)


def test_a_renamed_host_keeps_its_history(tmp_path: Path) -> None:
    """By its id; there and back again. Another host's scans, of another id or of none, are left to it."""
    one, two = HostInfo(name="alpha", id="1" * 32), HostInfo(name="beta", id="1" * 32)
    shown = kept(tmp_path, scan("ab", 0, host=one), scan("a", 1, host=one), scan("ac", 2, host=two))
    assert seen(shown) == Seen(first=NOW, since=NOW, times=1, scans=3)
    assert shown.change is not None
    assert (shown.change.plus, shown.change.minus) == (1, 0)
    with History(str(tmp_path)) as history:
        assert [one.number for one in history.scans(two)] == [1, 2, 3]
        assert history.scans(one) == ()
        assert [found.host.name for number in (1, 3) if (found := history.named(number)) is not None] == [
            "alpha",
            "beta",
        ]
    shown = kept(tmp_path, scan("ab", 3, host=one))
    assert seen(shown, "b") == Seen(first=NOW, since=NOW + 3 * DAY, times=2, scans=1)
    for other in (HostInfo(name="gamma", id="2" * 32), HostInfo(name="delta")):
        assert seen(kept(tmp_path, scan("a", 4, host=other))).scans == 1
    with History(str(tmp_path)) as history:
        assert [one.number for one in history.scans(one)] == [1, 2, 3, 4]


def test_lives_under_both_names_are_those_of_the_last(tmp_path: Path) -> None:
    """A doctor that knew no ids kept two histories of the host."""
    old, new = HostInfo(name="alpha"), HostInfo(name="beta", id="1" * 32)
    shown = kept(
        tmp_path, scan("a", 0, host=old), scan("a", 5, host=new), scan("a", 6, host=replace(new, name="alpha"))
    )
    assert seen(shown) == Seen(first=NOW + 5 * DAY, since=NOW + 5 * DAY, times=1, scans=2)
