"""Shared by all formats: times, order and selection of findings, and incomplete outcomes."""

import time

from doctor.model.finding import Evidence, Finding
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import ManualFix, PlanReport, RepairReport, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import is_problem

WORST_FIRST = tuple(sorted(Severity, reverse=True))
_CAUSES = 3
NOT_KNOWN = "Found before, and unknown now: their checks did not run completely"
_FULL = 3


def iso(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC.

    >>> iso(1_800_000_000.7)
    '2027-01-15T08:00:00Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def when(seconds: float) -> str:
    """Return a time for people, in UTC, so that reports of two hosts can be compared.

    >>> when(1_800_000_000.7)
    '2027-01-15 08:00 UTC'
    """
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def took(seconds: float) -> str:
    """Return a duration with a suitable precision.

    >>> took(0.0421), took(3.21), took(75.0)
    ('42 ms', '3.2 s', '1 min 15 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def rolled_back(report: RepairReport) -> str:
    """Return how much of a failed repair was rolled back."""
    if report.rolled_back:
        return "everything was rolled back"
    return f"the rollback is incomplete: {plural(len(report.half_done), 'change')} left, see below"


def resolved_by(report: RepairReport) -> str:
    """Return what the actions resolved. Nobody knows it of a repair that was resumed, or that has no report: no 0 then."""
    if not report.resolved:
        return f"{plural(len(report.actions), 'action')} done"
    return f"{plural(len(report.resolved), 'finding')} resolved by {plural(len(report.actions), 'action')}"


def repaired(report: RepairReport) -> tuple[str, str]:
    """Return the result of a repair in one sentence, and its mood: a severity or ``pass``."""
    if report.error:
        return f"the repair failed; {rolled_back(report)}", "warning" if report.rolled_back else "critical"
    if not report.actions:
        return "nothing was changed", "pass" if report.exit_code == 0 else "warning"
    says = resolved_by(report)
    left = [finding for finding in report.remaining if not finding.waived and finding.level > Severity.INFO]
    says += f", {plural(len(left), 'finding')} left" if left else ""
    passed = [probe.name for probe in report.probes if probe.result is Result.PASS]
    says += f"; test containers passed: {', '.join(passed)}" if passed else ""
    return says, "pass" if report.exit_code == 0 else "warning"


def standing(report: ScanReport) -> list[Finding]:
    """Return the shown findings without a waiver, in the report's order."""
    return [finding for finding in report.shown if not finding.waived]


def accepted(report: ScanReport) -> list[Finding]:
    """Return the shown findings that the settings waive."""
    return [finding for finding in report.shown if finding.waived]


def problems(report: ScanReport) -> list[Finding]:
    """Return the findings that make the scan fail, shown or hidden, in the report's order."""
    return [finding for finding in report.findings if is_problem(finding, report.fail_on)]


def apart(report: ScanReport) -> tuple[list[Finding], list[Finding]]:
    """Return the problems with their causes, and the other findings; each in the report's order."""
    because: set[str] = set()
    wanted = problems(report)
    while wanted:
        finding = wanted.pop()
        if finding.fingerprint not in because:
            because.add(finding.fingerprint)
            wanted += causes_of(finding, report.findings)
    found = standing(report)
    return (
        [finding for finding in found if finding.fingerprint in because],
        [finding for finding in found if finding.fingerprint not in because],
    )


def grouped(findings: list[tuple[str, Finding]]) -> list[tuple[list[tuple[str, Finding]], list[tuple[str, Finding]]]]:
    """Return adjacent findings of one check together, each group as those to show in full, and the others.

    A corrupt data root has one finding for each of a hundred layers: the first few show what each of them says.
    """
    groups: list[list[tuple[str, Finding]]] = []
    for pair in findings:
        if groups and groups[-1][-1][1].id == pair[1].id and not pair[1].causes:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    return [(group[:_FULL], group[_FULL:]) if len(group) > _FULL + 1 else (group, []) for group in groups]


def by_source(evidence: tuple[Evidence, ...]) -> list[tuple[str, list[str]]]:
    """Return the evidence with adjacent entries of one source grouped, so that the source is printed once."""
    groups: list[tuple[str, list[str]]] = []
    for seen in evidence:
        if groups and groups[-1][0] == seen.source:
            groups[-1][1].append(seen.value)
        else:
            groups.append((seen.source, [seen.value]))
    return groups


def incomplete(report: ScanReport) -> list[Outcome]:
    """Return the outcomes of checks that could not examine something they should have."""
    return [outcome for outcome in report.outcomes if outcome.incomplete]


def is_untried(probe: ProbeResult) -> bool:
    """Whether a test container has neither passed nor failed."""
    return probe.result in {Result.ERROR, Result.UNPROVEN}


def having(report: ScanReport, result: Result) -> list[Outcome]:
    """Return the complete outcomes with this result."""
    return [outcome for outcome in report.outcomes if outcome.result is result and not outcome.incomplete]


def causes_of(finding: Finding, among: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that explain this one."""
    # Most findings have no causes, and a fingerprint is a hash: avoid comparing all pairs of thousands of findings.
    return [cause for cause in among if cause.fingerprint in finding.causes] if finding.causes else []


def causes_by_check(finding: Finding, among: tuple[Finding, ...]) -> list[tuple[list[Finding], int]]:
    """Return the first few causes of each check, and the number of others: a corrupt root has one for each layer."""
    by_id: dict[str, list[Finding]] = {}
    for cause in causes_of(finding, among):
        by_id.setdefault(cause.id, []).append(cause)
    return [(found[:_CAUSES], max(0, len(found) - _CAUSES)) for found in by_id.values()]


def known_of(finding: Finding, now: float) -> list[str]:
    """Return what the kept scans know about a finding, and that its waiver does not cover it any more: sentences, none for a finding of this scan alone."""
    seen = "" if finding.seen is None else finding.seen.says(now)
    ended = "" if finding.waiver is None or finding.waiver.in_force else finding.waiver.says
    return list(filter(None, (seen, ended)))


def unresolved(report: PlanReport | RepairReport) -> tuple[Finding, ...]:
    """Return the remaining findings that are not among the manual ones."""
    listed = {item.finding.fingerprint for item in report.manual}
    return tuple(finding for finding in report.remaining if finding.fingerprint not in listed)


def to_do(manual: tuple[ManualFix, ...]) -> tuple[ManualFix, ...]:
    """Return the manual repairs, without those of informational findings."""
    return tuple(item for item in manual if item.finding.level > Severity.INFO)


def fix_line(finding: Finding) -> str:
    """Return the repair of a finding and its risk in one line; "" without a repair."""
    return "" if finding.fix is None else f"{finding.fix.summary} ({finding.fix.applicability.word})"
