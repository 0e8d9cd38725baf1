"""How long findings live: what each scan adds to the lives of the findings before it (decision 0060)."""

from collections.abc import Container, Mapping

from msgspec import Struct
from msgspec.structs import replace

from doctor.model.change import ScanChange, counts
from doctor.model.finding import Finding, Seen, Subject
from doctor.model.probe_result import judged
from doctor.model.report import ScanReport
from doctor.model.severity import Severity

_LONGEST = 1000
"""Characters that are kept of a message."""


class Life(Struct, frozen=True, kw_only=True):
    """A finding over all scans of its host: as the last scan saw it, and whether it is still there.

    ``is_there`` is kept while nothing is known: only a complete run of its check ends it.
    """

    finding: Finding
    seen: Seen
    is_there: bool = True


def advance(lives: Mapping[str, Life], report: ScanReport, since: float | None) -> tuple[ScanReport, dict[str, Life]]:
    """Return the report with what earlier scans know about its findings, and the lives that it changes.

    ``lives`` has each finding that is there, and each of this report that ever was, by fingerprint; ``since`` is the start of the
    scan before, ``None`` for the first one. Order is that of the scans: their clocks decide nothing.
    """
    after: dict[str, Life] = {}
    for finding in report.findings:
        if finding.fingerprint not in after:
            after[finding.fingerprint] = _seen_again(lives.get(finding.fingerprint), finding, report.started)
    complete = judged(report.outcomes, report.probes)
    missing = {key: life for key, life in lives.items() if life.is_there and key not in after}
    ended = {key: replace(life, is_there=False) for key, life in missing.items() if life.finding.id in complete}
    findings = tuple(replace(finding, seen=after[finding.fingerprint].seen) for finding in report.findings)
    if since is None:
        return replace(report, findings=findings, change=ScanChange()), after | ended
    change = compared(
        {key: life.finding for key, life in lives.items() if life.is_there},
        findings,
        since=since,
        complete=complete,
        known=lives,
    )
    return replace(report, findings=findings, change=change), after | ended


def compared(
    before: Mapping[str, Finding],
    findings: tuple[Finding, ...],
    *,
    since: float,
    complete: Container[str],
    known: Container[str] = (),
) -> ScanChange:
    """Return what changed from the findings ``before``, by fingerprint, never by wording.

    ``complete`` are the ids whose findings the later scan knows completely; ``known`` the fingerprints that any scan has seen.
    """
    now = {finding.fingerprint: finding for finding in findings}
    new = [key for key in now if key not in before]
    both = [(key, before[key], now[key]) for key in now if key in before]
    unwaived = [key for key, old, later in both if old.waived and not later.waived]
    missing = [finding for key, finding in before.items() if key not in now]
    gone = tuple(finding for finding in missing if finding.id in complete)
    return ScanChange(
        since=since,
        new=tuple(new),
        returned=tuple(key for key in new if key in known),
        worse=tuple(key for key, old, later in both if later.level > old.level),
        waived=tuple(key for key, old, later in both if later.waived and not old.waived),
        unwaived=tuple(unwaived),
        gone=gone,
        unknown=tuple(finding for finding in missing if finding.id not in complete),
        plus=sum(1 for key in (*new, *unwaived) if counts(now[key])),
        minus=sum(1 for finding in gone if counts(finding)),
    )


def _seen_again(life: Life | None, finding: Finding, started: float) -> Life:
    if life is None:
        seen = Seen(first=started, since=started)
    elif life.is_there:
        seen = replace(life.seen, scans=life.seen.scans + 1)
    else:
        seen = Seen(first=life.seen.first, since=started, times=life.seen.times + 1)
    return Life(finding=_brief(finding), seen=seen)


def _brief(finding: Finding) -> Finding:
    """Return what is kept of a finding: enough to name it when it is gone."""
    return Finding(
        id=finding.id,
        subject=Subject(finding.subject.kind, finding.subject.name),
        message=finding.message if len(finding.message) <= _LONGEST else f"{finding.message[:_LONGEST]}…",
        severity=Severity(finding.level),
        waived=finding.waived,
    )
