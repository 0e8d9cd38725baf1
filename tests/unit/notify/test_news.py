"""News are changes: nobody gets the same page each night, and silence is never taken for a repair."""

import pytest
from msgspec.structs import replace

from doctor.model.finding import Seen, WaiverNote
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.severity import Severity
from doctor.notify.news import INCOMPLETE, compare
from tests.unit.notify.kit import DAY, NOW, finding, scan, story


def test_a_problem_is_news_once() -> None:
    """Found, unchanged for days, resolved."""
    nights = [scan(finding(), started=NOW + n * DAY) for n in range(4)]
    assert story(*nights, scan(started=NOW + 4 * DAY)) == [["new web"], [], [], [], ["resolved web"]]


def test_what_is_there_at_first_is_news_once() -> None:
    """However many there are; the worst is first."""
    first = scan(finding("a"), finding("b", severity=Severity.CRITICAL))
    assert story(first, replace(first, started=NOW + DAY)) == [["new b", "new a"], []]


def test_a_remaining_problem_is_in_the_news_again_after_some_days() -> None:
    """Once in seven days, although a timer is late or early by minutes; never with 0."""
    nights = [scan(finding(), started=NOW + n * DAY - n * 60) for n in range(16)]
    seen = [bool(news) for news in story(*nights)]
    assert [number for number, is_news in enumerate(seen) if is_news] == [0, 7, 14]
    assert story(*nights)[7] == ["still web"]
    assert story(*nights, remind_days=0)[1:] == [[]] * 15


def test_worse_is_news_and_better_is_not() -> None:
    low, high = finding(severity=Severity.WARNING), finding(severity=Severity.CRITICAL)
    nights = [scan(one, started=NOW + n * DAY) for n, one in enumerate((low, high, high, low, high))]
    assert story(*nights) == [["new web"], ["worse web"], [], [], ["worse web"]]


@pytest.mark.parametrize("ran", ["skip", "error"])
def test_a_check_that_did_not_run_resolves_nothing(ran: str) -> None:
    """The problem is known until its check ran; after some days it is unknown, not resolved."""
    gone = [scan(started=NOW + n * DAY, ran=ran) for n in range(1, 9)]
    heard = [line for night in story(scan(finding()), *gone)[1:] for line in night if "this host" not in line]
    assert heard == ["unknown web"]
    later = story(scan(finding()), gone[0], scan(started=NOW + 2 * DAY))
    assert "resolved web" in later[2]


def test_a_check_with_a_gap_resolves_nothing() -> None:
    partly = replace(scan(started=NOW + DAY), outcomes=(Outcome(id="state/x", result=Result.PASS, incomplete=True),))
    assert story(scan(finding()), partly)[1] == ["new this host"]


def test_an_incomplete_scan_is_news_like_a_problem() -> None:
    """Once, and when it is complete again."""
    half = scan(outcomes=(Outcome(id="state/x", result=Result.ERROR, reason="no answer"),))
    nights = [half, replace(half, started=NOW + DAY), scan(started=NOW + 2 * DAY)]
    assert story(*nights) == [["new this host"], [], ["resolved this host"]]
    assert [one.problem.id for one in compare({}, half, remind_days=7)[1]] == [INCOMPLETE]


def test_a_failed_probe_is_resolved_by_one_that_passes() -> None:
    failed = finding("egress", "probe/egress-failed")
    passed = ProbeResult(name="egress", proves="x", result=Result.PASS, message="", seconds=0.1)
    none = scan(started=NOW + DAY)
    assert story(scan(failed), none, replace(none, started=NOW + 2 * DAY, probes=(passed,)))[1:] == [
        [],
        ["resolved egress"],
    ]


def test_waivers_are_news_when_they_begin_and_end() -> None:
    waived = finding(waived="OPS-1, until 2027-01-01")
    ended = finding(waiver=WaiverNote(reason="OPS-1", expires="2027-01-01", in_force=False))
    nights = [scan(one, started=NOW + n * DAY) for n, one in enumerate((finding(), waived, waived, ended))]
    assert story(*nights) == [["new web"], ["waived web"], [], ["new web"]]
    (item,) = compare({}, scan(ended), remind_days=7)[1]
    assert item.note == "the waiver ended on 2027-01-01 (OPS-1)"


def test_a_waived_problem_that_becomes_worse_is_news() -> None:
    """Its waiver does not cover it: the note says so."""
    note = WaiverNote(reason="OPS-1", severity="warning", worse="critical", in_force=False)
    waived = finding(waived="OPS-1", severity=Severity.WARNING)
    worse = finding(waiver=note, severity=Severity.CRITICAL)
    assert story(scan(waived), scan(worse, started=NOW + DAY)) == [[], ["new web"]]
    (item,) = compare({}, scan(worse), remind_days=7)[1]
    assert item.note == "worse than when it was waived: critical, not warning (OPS-1)"


def test_a_remark_is_no_news() -> None:
    """Nor is anything below fail-on."""
    assert story(scan(finding(severity=Severity.INFO))) == [[]]
    assert story(scan(finding(severity=Severity.WARNING), fail_on=Severity.ERROR)) == [[]]


def test_a_renamed_check_keeps_its_problem() -> None:
    known, _ = compare({}, scan(finding(identity="state/old")), remind_days=7)
    after, news = compare(known, scan(finding(), started=NOW + DAY), remind_days=7, renamed={"state/old": "state/x"})
    assert news == ()
    assert [one.id for one in after.values()] == ["state/x"]


def test_the_history_says_since_when() -> None:
    known, (item,) = compare(
        {}, scan(finding(seen=Seen(first=NOW - 30 * DAY, since=NOW - 3 * DAY, times=3, scans=4))), remind_days=7
    )
    assert (item.problem.since, item.problem.returned) == (NOW - 3 * DAY, 2)
    after, _ = compare(known, scan(finding(), started=NOW + DAY), remind_days=7)
    assert [(one.since, one.returned) for one in after.values()] == [(NOW - 3 * DAY, 2)]


def test_a_clock_that_went_back_does_not_silence_reminders() -> None:
    """It was 2038 for one scan: reminders begin to count at the corrected time."""
    wrong = scan(finding(), started=NOW + 4000 * DAY)
    nights = [wrong, *(scan(finding(), started=NOW + n * DAY) for n in range(9))]
    assert [line for night in story(*nights)[1:] for line in night] == ["still web"]
