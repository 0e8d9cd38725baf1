"""The news of a scan: how it differs from the problems that are already known. No I/O.

A problem is in the news when it is found, when it becomes worse, when it is resolved or waived, and once in some days while
it remains. It is resolved only if its check ran and does not report it: a check that was skipped or incomplete proves nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.finding import Finding, Subject
from doctor.model.probe_result import judged
from doctor.model.report import ScanReport
from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState, is_problem
from doctor.state.clock import DAY_S, is_after

NewsKind = Literal["new", "worse", "resolved", "waived", "still", "unknown", "missed"]
INCOMPLETE = "scan/incomplete"
"""Stands for a scan that could not examine everything, as a problem like any other."""
FAILED = "scan/failed"
"""Stands for a scheduled scan that can't run, because the settings are wrong."""
MISSED = "scan/missed"
_UNSEEN_DAYS = 7
"""How long a problem counts as known that no scan examines any more, if reminders are off."""


class KnownProblem(Struct, frozen=True, kw_only=True):
    """A problem that is in somebody's outbox, or was delivered.

    Attributes:
        id: the check's id at the last scan.
        severity: that of the last scan that found it.
        worst: the highest one that a scan has found.
        since: start of the first scan that found it.
        reported: when it was last in the news.
        returned: how often it was resolved and found again.
    """

    id: str
    kind: str
    subject: str
    message: str
    severity: Severity
    since: float
    reported: float
    returned: int = 0
    worst: Severity = Severity.INFO

    @property
    def finding(self) -> Finding:
        """The finding that it was."""
        return Finding(
            id=self.id, subject=Subject(self.kind, self.subject), message=self.message, severity=self.severity
        )


class NewsItem(Struct, frozen=True, kw_only=True):
    """One change of one problem.

    Attributes:
        change: new, worse, resolved, waived, still (a reminder), unknown (no scan examines it any more), missed (no scan
            ran, or one did not end).
        found: when it was noticed, seconds since the epoch.
        note: what the sentence does not contain: the severity before, the reason of a waiver.
    """

    change: NewsKind
    problem: KnownProblem
    found: float
    note: str = ""

    def concerns(self, least: Severity) -> bool:
        """Whether it is for a recipient of problems from some severity on.

        So are the end of one that was as bad before it became better, and a scan that did not run or not see everything.
        """
        was = self.problem.worst if self.change in {"resolved", "waived", "unknown"} else Severity.INFO
        # Who looked at nothing knows of no severity.
        is_doubt = self.change == "missed" or self.problem.id in {INCOMPLETE, FAILED}
        return is_doubt or max(self.problem.severity, was) >= least


Known = Mapping[str, KnownProblem]


def compare(
    known: Known,
    report: ScanReport,
    *,
    remind_days: int,
    renamed: Mapping[str, str] | None = None,
) -> tuple[dict[str, KnownProblem], tuple[NewsItem, ...]]:
    """Return the problems known after a scan, and the news in it.

    Args:
        known: problems by fingerprint.
        report: the scan.
        remind_days: a problem that remains is in the news again after so many days; 0 for never.
        renamed: former check id → today's.
    """
    now = report.started
    before = _renamed(known, renamed or {})
    present = {finding.fingerprint: finding for finding in _problems(report)}
    after: dict[str, KnownProblem] = {}
    news: list[NewsItem] = []
    for mark, finding in present.items():
        problem, item = _met(before.get(mark), finding, now, remind_days)
        after[mark] = problem
        if item is not None:
            news.append(item)
    waived = {finding.fingerprint: finding.waived for finding in report.findings if finding.waived}
    lower = {finding.fingerprint for finding in report.findings if not finding.waived}
    complete = judged(report.outcomes, report.probes) | {INCOMPLETE, FAILED}
    for mark, old in before.items():
        if mark in present:
            continue
        if mark in waived:
            news.append(NewsItem(change="waived", problem=old, found=now, note=waived[mark]))
        elif old.id in complete and mark not in lower:
            news.append(NewsItem(change="resolved", problem=old, found=now))
        elif old.id in complete:
            news.append(NewsItem(change="resolved", problem=old, found=now, note="it is below fail-on now"))
        elif _is_due(old, now, remind_days or _UNSEEN_DAYS):
            news.append(NewsItem(change="unknown", problem=old, found=now))
        else:
            after[mark] = _with_sane_clock(old, now)
    return after, tuple(sorted(news, key=lambda item: -item.problem.severity))


def _met(
    old: KnownProblem | None, finding: Finding, now: float, remind_days: int
) -> tuple[KnownProblem, NewsItem | None]:
    """Return a present problem as it is known from now on, and its news."""
    found = KnownProblem(
        id=finding.id,
        kind=finding.subject.kind,
        subject=finding.subject.name,
        message=finding.message,
        severity=finding.level,
        since=now if finding.seen is None else min(finding.seen.since, now),
        reported=now,
        returned=0 if finding.seen is None else finding.seen.times - 1,
    )
    if old is None:
        is_uncovered = finding.waiver is not None and not finding.waiver.in_force
        note = finding.waiver.says if finding.waiver is not None and is_uncovered else ""
        return found, NewsItem(change="new", problem=found, found=now, note=note)
    found = replace(
        found,
        since=min(old.since, found.since),
        returned=max(old.returned, found.returned),
        reported=old.reported,
        worst=max(old.worst, old.severity, found.severity),
    )
    if found.severity > old.severity:
        found = replace(found, reported=now)
        return found, NewsItem(change="worse", problem=found, found=now, note=f"it was {old.severity.word}")
    if remind_days and _is_due(old, now, remind_days):
        found = replace(found, reported=now)
        return found, NewsItem(change="still", problem=found, found=now)
    return _with_sane_clock(found, now), None


def _is_due(old: KnownProblem, now: float, days: int) -> bool:
    # An hour less: scans of the same time of day are not exactly a day apart.
    return now - old.reported >= days * DAY_S - 3600


def _with_sane_clock(old: KnownProblem, now: float) -> KnownProblem:
    """Return it with times that are not in the future: after a clock jump back, a reminder would never come."""
    if is_after(old.reported, now) or is_after(old.since, now):
        return replace(old, reported=min(old.reported, now), since=min(old.since, now))
    return old


def _problems(report: ScanReport) -> Iterator[Finding]:
    for finding in report.findings:
        if is_problem(finding, report.fail_on):
            yield finding
    verdict = report.verdict
    if verdict.incomplete or verdict.state is VerdictState.INCOMPLETE:
        yield Finding(
            id=INCOMPLETE,
            subject=Subject("scan", "this host"),
            message=f"the scan is incomplete, so problems may be unknown: {verdict.says}",
            severity=Severity.WARNING,
        )


def _renamed(known: Known, renamed: Mapping[str, str]) -> dict[str, KnownProblem]:
    """Return the problems under today's ids of their checks."""
    if not any(problem.id in renamed for problem in known.values()):
        return dict(known)
    moved = (replace(problem, id=renamed.get(problem.id, problem.id)) for problem in known.values())
    return {problem.finding.fingerprint: problem for problem in moved}


def missed(message: str, now: float) -> NewsItem:
    """Return the news that a scheduled scan did not run or did not end."""
    return NewsItem(change="missed", problem=_of_scans(MISSED, message, now), found=now)


def failed(
    known: Known, message: str, now: float, *, remind_days: int
) -> tuple[dict[str, KnownProblem], NewsItem | None]:
    """Return the known problems if a scheduled scan can't run, and the news of that: once, and again after some days."""
    problem = _of_scans(FAILED, message, now)
    mark = problem.finding.fingerprint
    old = known.get(mark)
    if old is not None and not _is_due(old, now, remind_days):
        return dict(known), None
    found = problem if old is None else replace(problem, since=min(old.since, now))
    return {**known, mark: found}, NewsItem(change="new" if old is None else "still", problem=found, found=now)


def _of_scans(identity: str, message: str, now: float) -> KnownProblem:
    return KnownProblem(
        id=identity,
        kind="scan",
        subject="this host",
        message=message,
        severity=Severity.WARNING,
        since=now,
        reported=now,
    )
