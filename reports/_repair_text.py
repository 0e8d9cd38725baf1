"""Plans, repairs and results of test containers, as lines for a terminal."""

from doctor.model.finding import Evidence, Finding
from doctor.model.probe_result import ProbeResult
from doctor.model.report import HalfDone, ManualFix, PlannedAction, PlanReport, Question, RepairReport
from doctor.model.severity import Applicability, Severity
from doctor.model.text import plural

from ._terminal import TerminalPage, label
from ._words import by_source, resolved_by, rolled_back, to_do, unresolved

_INDENT = 4
_COSTS = {
    Applicability.SAFE: "nothing restarts, no data is lost; 'doctor undo' undoes it",
    Applicability.DISRUPTIVE: "something restarts, no data is lost; 'doctor undo' undoes it",
    Applicability.DESTRUCTIVE: "something that can't be rebuilt is moved to quarantine; 'doctor undo' restores it",
    Applicability.MANUAL: "doctor can't do it for you",
}


def evidence(page: TerminalPage, seen: tuple[Evidence, ...], *, indent: int) -> None:
    """Add evidence: a short value on the line of its source, long ones below it."""
    for source, values in by_source(seen):
        if len(values) == 1 and "\n" not in values[0].strip("\n"):
            page.line(values[0].strip("\n"), indent=indent, first=f"{source}: ", first_style="dim")
            continue
        page.line(f"{source}:", indent=indent, style="dim")
        for value in values:
            page.block(value, indent=indent + 2)


def plan(page: TerminalPage, report: PlanReport) -> None:
    """Add the actions with their diffs and risk, and the findings that they are predicted to resolve and to leave."""
    page.blank()
    if report.before.unseen:
        page.line(report.before.unseen, style="warning")
        page.blank()
    page.line(report.verdict.says, style="bold")
    if report.risk is not None:
        page.line(_COSTS[report.risk], first=f"{report.risk.word}: ", first_style=report.risk.word)
    for action in report.actions:
        _action(page, action)
    _findings(page, "Predicted to be resolved", report.resolves)
    _findings(page, "Predicted to remain", unresolved(report))
    _manual(page, report.manual)
    if report.actions and report.risk is not None:
        page.heading(report.heading)
        page.block(report.command, indent=2)
        if report.probes:
            page.line(f"these test containers then verify it: {', '.join(report.probes)}", indent=2, style="dim")


def repair(page: TerminalPage, report: RepairReport) -> None:
    """Add the actions, their result, the test containers, and the remaining findings."""
    page.blank()
    if report.error:
        page.line(report.error, first="the repair failed: ", first_style="fail", style="bold")
        page.line(rolled_back(report), style="pass" if report.rolled_back else "fail")
        _half_done(page, report.half_done)
    elif report.actions:
        page.line(resolved_by(report), style="pass")
    else:
        page.line("nothing was changed", style="bold")
    for action in report.actions:
        _action(page, action)
    if report.probes:
        page.heading("Verification")
        probes(page, report.probes)
    _findings(page, "Resolved", report.resolved)
    _findings(page, "Remaining", unresolved(report))
    _manual(page, report.manual)
    if report.actions and not report.error:
        page.blank()
        page.line(f"'doctor undo {report.run}' undoes it")


def _half_done(page: TerminalPage, left: tuple[HalfDone, ...]) -> None:
    if left:
        page.heading("Not rolled back")
    for one in left:
        by = f" (action {one.action})" if one.action else ""
        page.line(f"{one.what}{by}: {one.why}", indent=2)
        if one.original:
            page.line(one.original, indent=_INDENT, first="before the repair: ", first_style="dim")
        page.line(one.do, indent=_INDENT, first="next: ", first_style="dim")


def probes(page: TerminalPage, results: tuple[ProbeResult, ...]) -> None:
    """Add one line per test container, and the evidence of failed ones."""
    width = max((len(probe.name) for probe in results), default=0)
    for probe in results:
        word = probe.result.value
        page.line(
            probe.message or probe.proves,
            indent=2,
            first=f"{word.upper():<5} {probe.name:<{width}}  ",
            first_style=word,
        )
        if page.verbose or word in {"fail", "error"}:
            evidence(page, probe.evidence, indent=10 + width)


def _action(page: TerminalPage, action: PlannedAction) -> None:
    page.blank()
    word = action.risk.word
    page.line(action.summary, first=f"{action.number:>2}. ", style="bold")
    ids = ", ".join(dict.fromkeys(action.check_ids))
    page.line(
        f"resolves {ids}" if ids else "needed by later actions", indent=_INDENT, first=f"{word}, ", first_style=word
    )
    if action.result:
        page.line(action.result, indent=_INDENT, style="pass" if action.result == "done" else "fail")
    if action.diff:
        page.diff(action.diff, indent=_INDENT)


def _findings(page: TerminalPage, title: str, findings: tuple[Finding, ...]) -> None:
    shown = [finding for finding in findings if page.verbose or finding.level > Severity.INFO]
    if shown:
        page.heading(title)
        for finding in shown:
            page.line(
                f"{finding.message} ({finding.id})",
                indent=2,
                first=label(finding.level),
                first_style=finding.level.word,
            )


def _manual(page: TerminalPage, manual: tuple[ManualFix, ...]) -> None:
    tasks = manual if page.verbose else to_do(manual)
    _hidden(page, len(manual) - len(tasks))
    if tasks:
        page.heading("Left to you")
        for item in tasks:
            page.line(
                f"{item.finding.message} ({item.finding.id})",
                indent=2,
                first=label(item.finding.level),
                first_style=item.finding.level.word,
            )
            page.line(item.why, indent=12, style="dim")
            for line in item.advice.splitlines():
                page.line(line, indent=12)
            for asked in item.questions:
                _question(page, asked)


def _hidden(page: TerminalPage, count: int) -> None:
    if count:
        page.blank()
        page.line(f"-v also shows the advice for {plural(count, 'remark')}")


def _question(page: TerminalPage, asked: Question) -> None:
    page.line(f"choose {asked.text}:", indent=12, style="bold")
    for candidate in asked.candidates:
        page.line(candidate.option, indent=14)
        evidence(page, candidate.evidence, indent=16)
