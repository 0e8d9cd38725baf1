"""JUnit XML for CI systems: one suite per area, one test case per check."""

from html import escape

from doctor.api import report_format
from doctor.model.finding import Evidence, Finding
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.text import visible
from doctor.model.verdict import Verdict, VerdictState

from ._words import fix_line, iso, known_of

_FAILED = (("failures", "failure"), ("errors", "error"))
_SKIPPED = ("skipped", "skipped")
# Name, message and text of the element inside a test case; None for a plain pass.
Inside = tuple[str, str, str] | None


@report_format("junit", media="application/xml", of=("scan", "probe"))
def render(report: Report) -> bytes:
    """Render suites of test cases.

    A finding at or above ``--fail-on`` is a failure; a lower one is in the output of a passed case; a check with only
    waived findings is skipped. An incomplete check is an error, also if it has findings. The first case is the verdict: a
    scan that is not green has a failure or an error there, whatever the results of its checks are.
    """
    suites: dict[str, list[str]] = {}
    counts: dict[str, dict[str, int]] = {}
    cases = []
    probes: tuple[ProbeResult, ...] = ()
    if isinstance(report, ScanReport | ProbeReport):
        probes = report.probes
        cases.append(("doctor", "verdict", report.seconds, _verdict(report.verdict)))
    if isinstance(report, ScanReport):
        cases += _checks(report)
    cases += [("probe", probe.name, probe.seconds, _probe(probe)) for probe in probes]
    seconds: dict[str, float] = {}
    for area, name, took, inside in cases:
        suites.setdefault(area, []).append(_case(area, name, took, inside))
        seconds[area] = seconds.get(area, 0.0) + took
        count = counts.setdefault(area, {"failure": 0, "error": 0, "skipped": 0, "system-out": 0})
        if inside is not None:
            count[inside[0]] += 1
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    total = sum(len(found) for found in suites.values())
    # Jenkins' schema knows no skipped tests here, and no time zone in a time stamp; Ant's requires both to be so.
    lines.append(
        f'<testsuites name="doctor" tests="{total}"{_totals(list(counts.values()), _FAILED)} time="{report.seconds:.3f}">'
    )
    for area, found in suites.items():
        host = _attribute(report.host.name)
        lines.append(
            f'  <testsuite name="{_attribute(area)}" tests="{len(found)}"{_totals([counts[area]], (*_FAILED, _SKIPPED))}'
            f' time="{seconds[area]:.3f}" hostname="{host}" timestamp="{iso(report.started).rstrip("Z")}">'
        )
        lines += [*found, "  </testsuite>"]
    lines.append("</testsuites>\n")
    return "\n".join(lines).encode("utf-8")


def _verdict(verdict: Verdict) -> Inside:
    text = "\n".join(filter(None, (verdict.unseen, verdict.says, verdict.counted)))
    word = {VerdictState.PROBLEMS: "failure", VerdictState.INCOMPLETE: "error"}.get(verdict.state, "system-out")
    return word, verdict.says, text


def _checks(report: ScanReport) -> list[tuple[str, str, float, Inside]]:
    by_check: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_check.setdefault(finding.id, []).append(finding)
    cases = []
    for outcome in report.outcomes:
        area, _, name = outcome.id.rpartition("/")
        cases.append((area or "doctor", name, outcome.seconds, _check(report, outcome, by_check.get(outcome.id, []))))
    return cases


def _check(report: ScanReport, outcome: Outcome, found: list[Finding]) -> Inside:
    failing = [finding for finding in found if not finding.waived and finding.level >= report.fail_on]
    text = "\n\n".join(_described(finding, report.started) for finding in found)
    if failing:
        return "failure", failing[0].message, text
    if outcome.result is Result.ERROR or outcome.incomplete:
        return "error", outcome.reason or "could not examine everything", text
    if outcome.result is Result.SKIP:
        return "skipped", outcome.reason, ""
    if found and all(finding.waived for finding in found):
        return "skipped", f"waived: {found[0].waived}", text
    return ("system-out", "", text) if found else None


def _described(finding: Finding, now: float) -> str:
    lines = [f"{finding.level.word}: {finding.message}", f"subject: {finding.subject.kind} {finding.subject.name}"]
    lines += _seen(finding.evidence)
    if finding.fix is not None:
        lines.append(f"fix: {fix_line(finding)}")
    lines += known_of(finding, now)
    if finding.waived:
        lines.append(f"waived: {finding.waived}")
    return "\n".join(lines)


def _seen(evidence: tuple[Evidence, ...]) -> list[str]:
    return [f"{seen.source}: {seen.value}" for seen in evidence]


def _probe(probe: ProbeResult) -> Inside:
    text = "\n".join(_seen(probe.evidence))
    if probe.result is Result.PASS:
        return None
    word = {Result.FAIL: "failure", Result.ERROR: "error", Result.UNPROVEN: "error"}.get(probe.result, "skipped")
    return word, probe.message, text


def _totals(counts: list[dict[str, int]], words: tuple[tuple[str, str], ...]) -> str:
    return "".join(f' {name}="{sum(count[word] for count in counts)}"' for name, word in words)


def _case(area: str, name: str, seconds: float, inside: Inside) -> str:
    head = f'    <testcase classname="{_attribute(area)}" name="{_attribute(name)}" time="{seconds:.6f}"'
    if inside is None:
        return f"{head}/>"
    element, message, text = inside
    says = "" if element == "system-out" else f' message="{_attribute(message)}"'
    kind = f' type="{element}"' if element in {"failure", "error"} else ""
    body = escape(visible(text, keep="\n\t"))
    return f"{head}>\n      <{element}{says}{kind}>{body}</{element}>\n    </testcase>"


def _attribute(text: str) -> str:
    return escape(visible(text))
