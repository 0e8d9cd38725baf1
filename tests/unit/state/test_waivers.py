"""Waivers: what they mark, when they end."""

import datetime as dt

import pytest
from msgspec import convert
from msgspec.structs import replace

from doctor.model.finding import Finding, Subject
from doctor.model.severity import Severity
from doctor.state.settings import Waiver
from doctor.state.waivers import waive


def _finding(identity: str, name: str) -> Finding:
    return Finding(id=identity, subject=Subject("file", name), message="m", severity=Severity.ERROR)


def test_a_waiver_marks_its_finding_and_moves_it_last() -> None:
    """Only the subject named; the order of the others stays."""
    findings = [_finding("a/x", "1"), _finding("a/x", "2"), _finding("b/y", "1")]
    waived = waive(findings, (Waiver(id="a/x", subject="1", reason="known"),), today="2026-05-01")
    assert [(f.id, f.subject.name, f.waived) for f in waived.findings] == [
        ("a/x", "2", ""),
        ("b/y", "1", ""),
        ("a/x", "1", "known"),
    ]
    assert waived.notes == ()


def test_a_waiver_without_a_subject_is_for_all_of_them() -> None:
    """And it follows the check when that is renamed."""
    findings = [_finding("a/new", "1"), _finding("a/new", "2")]
    waived = waive(findings, (Waiver(id="a/old", reason="r"),), today="2026-05-01", renamed={"a/old": "a/new"})
    assert all(finding.waived == "r" for finding in waived.findings)


def test_an_expired_waiver_no_longer_applies_and_is_reported() -> None:
    """It counts through its last day."""
    waivers = (Waiver(id="a/x", reason="until the move", expires=dt.date(2026, 5, 1)),)
    on_the_day = waive([_finding("a/x", "1")], waivers, today="2026-05-01")
    assert on_the_day.findings[0].waived == "until the move, until 2026-05-01"
    after = waive([_finding("a/x", "1")], waivers, today="2026-05-02")
    assert not after.findings[0].waived
    assert after.notes == ("a/x: the waiver ended on 2026-05-01 (until the move)",)
    assert waive([_finding("b/y", "1")], waivers, today="2026-05-02").notes == ()


def test_a_waiver_of_no_check_is_reported() -> None:
    """A typing error would else wait for ever."""
    waived = waive([], (Waiver(id="a/typo", reason="r"),), today="2026-05-01", known={"a/x"})
    assert waived.notes == ("the settings waive a/typo, and there is no such check",)


def test_an_end_is_announced_before_it_comes() -> None:
    """In each report of the last days, with the reason; also on the last day."""
    waivers = (Waiver(id="a/x", reason="until the move", author="Jo", expires=dt.date(2026, 5, 10)),)
    notes = [
        waive([_finding("a/x", "1")], waivers, today=f"2026-05-{day:02}", warn_days=5).notes for day in (5, 6, 9, 10)
    ]
    assert notes == [
        (),
        ("a/x: the waiver ends in 4 days, on 2026-05-10 (until the move)",),
        ("a/x: the waiver ends in 1 day, on 2026-05-10 (until the move)",),
        ("a/x: the waiver ends today, on 2026-05-10 (until the move)",),
    ]


def test_a_finding_names_author_and_end() -> None:
    """Also after the end, when it counts again."""
    waiver = Waiver(id="a/x", reason="OPS-1", author="Jo", created=dt.date(2026, 4, 1), expires=dt.date(2026, 5, 1))
    during = waive([_finding("a/x", "1")], (waiver,), today="2026-05-01").findings[0]
    assert during.waived == "OPS-1, by Jo, until 2026-05-01"
    after = waive([_finding("a/x", "1")], (waiver,), today="2026-05-02").findings[0]
    assert (after.waived, after.waiver and after.waiver.says) == ("", "the waiver ended on 2026-05-01 (OPS-1, by Jo)")
    # A second waiver that is in force is the one that counts.
    both = waive([_finding("a/x", "1")], (waiver, Waiver(id="a/x", reason="still")), today="2026-05-02")
    assert (both.findings[0].waived, both.notes) == ("still", ())


def test_a_waiver_without_a_finding_is_named() -> None:
    """Only if its check ran completely: else the finding may well be there."""
    waivers = (Waiver(id="a/x", subject="2", reason="r"), Waiver(id="b/y", reason="r"))
    notes = waive([_finding("a/x", "1")], waivers, today="2026-05-01", complete={"a/x"}).notes
    assert notes == ("the settings waive a/x for 2, and there is no such finding: remove the waiver",)


@pytest.mark.parametrize(
    ("accepted", "declared", "level", "is_covered"),
    [
        ("warning", Severity.CRITICAL, Severity.WARNING, True),
        ("warning", Severity.CRITICAL, Severity.INFO, True),
        ("warning", Severity.CRITICAL, Severity.ERROR, False),
        ("critical", Severity.WARNING, Severity.CRITICAL, True),
        ("", Severity.WARNING, Severity.WARNING, True),
        ("", Severity.WARNING, Severity.CRITICAL, False),
        ("", None, Severity.CRITICAL, True),
    ],
)
def test_a_worse_finding_is_not_covered(
    accepted: str, declared: Severity | None, level: Severity, is_covered: bool
) -> None:
    """A waiver without a severity covers what its check declares."""
    waiver = convert({"id": "a/x", "reason": "OPS-1", "author": "Jo", "severity": accepted}, Waiver)
    found = [replace(_finding("a/x", "1"), severity=level)]
    done = waive(found, (waiver,), today="2026-05-01", declared=lambda _: declared)
    assert bool(done.findings[0].waived) == is_covered
    assert done.findings[0].waiver is not None
    if not is_covered:
        says = f"worse than when it was waived: {level.word}, not warning (OPS-1, by Jo)"
        assert done.findings[0].waiver.says == says
        assert done.notes == (f'a/x: {says}; to accept it, set severity = "{level.word}" in its [[waiver]]',)


def test_the_waiver_that_covers_most_counts() -> None:
    """Of several, in either order; one that has ended is not called a lower one."""
    low = Waiver(id="a/x", reason="low", severity="warning")
    high = Waiver(id="a/x", reason="high", severity="error")
    ended = Waiver(id="a/x", reason="ended", severity="error", expires=dt.date(2026, 4, 1))
    for waivers, says in (
        ((low, high), "high"),
        ((high, low), "high"),
        ((ended, low), "worse than when it was waived: error, not warning (low)"),
        ((ended,), "the waiver ended on 2026-04-01 (ended)"),
    ):
        note = waive([_finding("a/x", "1")], waivers, today="2026-05-01").findings[0].waiver
        assert note is not None
        assert note.says == says
