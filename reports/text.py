"""Text for a terminal: problems first, each cause before its symptoms."""

from collections.abc import Sequence

from doctor.api import report_format
from doctor.model.finding import Finding
from doctor.model.fleet.report import FleetReport
from doctor.model.outcome import Result
from doctor.model.report import HostInfo, PlanReport, RepairReport, Report, ScanReport
from doctor.model.text import plural

from ._fleet_text import fleet
from ._repair_text import evidence, plan, probes, repair
from ._terminal import TerminalPage, label
from ._words import NOT_KNOWN, accepted, apart, causes_by_check, having, incomplete, known_of, standing, took, when

_INDENT = 10
# One missing privilege can have dozens of reasons and affect a hundred checks: the first few are enough.
_REASONS = 5
_IDS = 4
_GONE = 5


@report_format("text", media="text/plain", of=("scan", "plan", "repair", "probe", "fleet"))
def render(
    report: Report | FleetReport,
    *,
    colour: bool = False,
    width: int = 80,
    verbose: bool = False,
    program: str = "doctor",
) -> bytes:
    """Render for a terminal of ``width`` columns, in colour only if requested; ``verbose`` adds passes and skips.

    ``program`` is the command by which this reader runs doctor.
    """
    page = TerminalPage(colour=colour, width=width, verbose=verbose, program=program)
    if isinstance(report, FleetReport):
        fleet(page, report)
        return page.bytes()
    _head(page, report.host, f"doctor {report.doctor}, {when(report.started)}, {took(report.seconds)}")
    if isinstance(report, ScanReport):
        _scan(page, report)
    elif isinstance(report, PlanReport):
        plan(page, report)
    elif isinstance(report, RepairReport):
        repair(page, report)
    else:
        page.blank()
        page.line(report.verdict.says, style=report.verdict.mood)
        page.heading("Test containers on this host")
        probes(page, report.probes)
    return page.bytes()


def _head(page: TerminalPage, host: HostInfo, run: str) -> None:
    words = (host.os, host.kernel and f"kernel {host.kernel}", host.engine and f"engine {host.engine}")
    root = "" if host.root == "/" else f" ({host.root})"
    page.line(f"{host.name}{root}", style="bold")
    page.line(", ".join([*filter(None, words), run]), style="dim")


def _scan(page: TerminalPage, report: ScanReport) -> None:
    page.blank()
    verdict = report.verdict
    if verdict.unseen:
        page.line(verdict.unseen, style="warning")
        page.blank()
    page.line(verdict.says, style=verdict.mood)
    page.line(verdict.counted, style="dim")
    if report.change is not None and report.change.since is not None:
        page.line(report.change.says(report.started), style="dim")
    wrong, remarks = apart(report)
    for finding in wrong:
        page.blank()
        _finding(page, finding, report)
    _remarks(page, report, remarks)
    _accepted(page, report)
    _before(page, report)
    for repaired in report.repairs:
        page.heading(f"Repair {repaired.run}")
        repair(page, repaired)
    if report.probes and all(repaired.probes != report.probes for repaired in report.repairs):
        page.heading("Test containers on this host")
        probes(page, report.probes)
    _unseen(page, report)
    if page.verbose:
        _checked(page, report)
    _ending(page, report)


def _remarks(page: TerminalPage, report: ScanReport, remarks: Sequence[Finding]) -> None:
    """Print informational findings, one line each; ``verbose`` adds the evidence."""
    if not remarks:
        return
    page.heading("Worth knowing" if page.verbose else "Worth knowing (-v shows more)")
    for finding in remarks:
        if page.verbose:
            page.blank()
            _finding(page, finding, report)
        else:
            page.line(f"{finding.message} ({finding.id})", indent=2)


def _finding(page: TerminalPage, finding: Finding, report: ScanReport) -> None:
    page.line(finding.message, first=label(finding.level), first_style=finding.level.word, style="bold")
    page.line(f"{finding.id}, {finding.subject.kind} {finding.subject.name}", indent=_INDENT, style="dim")
    for says in known_of(finding, report.started):
        page.line(says, indent=_INDENT, style="dim")
    for causes, more in causes_by_check(finding, report.findings):
        names = ", ".join(cause.subject.name for cause in causes) + (f" and {more} more" if more else "")
        page.line(f"{causes[0].id}, {names}", indent=_INDENT, first="because of ")
    evidence(page, finding.evidence, indent=_INDENT)
    if finding.fix is not None:
        word = finding.fix.applicability.word
        page.line(finding.fix.summary, indent=_INDENT, first=f"fix ({word}): ", first_style=word)


def _accepted(page: TerminalPage, report: ScanReport) -> None:
    waived = accepted(report)
    if waived:
        page.heading("Accepted by the settings")
        for finding in waived:
            page.line(f"{finding.message} ({finding.id}): {finding.waived}", indent=2, style="dim")


def _before(page: TerminalPage, report: ScanReport) -> None:
    """Print the findings of earlier scans that are not among those of this one: gone, or unknown now."""
    if report.change is None:
        return
    for title, found in (("No longer there", report.change.gone), (NOT_KNOWN, report.change.unknown)):
        shown = found if page.verbose else found[:_GONE]
        if shown:
            page.heading(title)
        for finding in shown:
            page.line(f"{finding.message} ({finding.id})", indent=2, style="dim")
        if len(shown) < len(found):
            page.line(f"and {len(found) - len(shown)} more (-v shows all)", indent=2, style="dim")


def _unseen(page: TerminalPage, report: ScanReport) -> None:
    """Print the checks that could not examine everything, grouped by reason."""
    reasons: dict[str, list[str]] = {}
    for outcome in incomplete(report):
        reasons.setdefault(outcome.reason or "no reason was given", []).append(outcome.id)
    if not reasons:
        return
    page.heading("Not examined")
    most_hidden = sorted(reasons.items(), key=lambda item: -len(item[1]))
    shown = most_hidden if page.verbose else most_hidden[:_REASONS]
    for reason, ids in shown:
        page.line(reason, indent=2)
        if page.verbose or len(ids) <= _IDS:
            page.line(", ".join(ids), indent=4, style="dim")
        else:
            page.line(f"{', '.join(ids[:_IDS])} and {len(ids) - _IDS} more", indent=4, style="dim")
    if len(shown) < len(reasons):
        page.line(f"and {plural(len(reasons) - len(shown), 'more reason')} (-v shows all)", indent=2, style="dim")


def _checked(page: TerminalPage, report: ScanReport) -> None:
    passed, skipped = having(report, Result.PASS), having(report, Result.SKIP)
    if passed:
        page.heading("Passed")
        for outcome in passed:
            says = ": ".join(filter(None, (outcome.id, report.ok.get(outcome.id))))
            page.line(says, indent=2, first="ok ", first_style="pass")
    if skipped:
        page.heading("Skipped")
        for outcome in skipped:
            page.line(f"{outcome.id}: {outcome.reason}", indent=2, style="dim")


def _ending(page: TerminalPage, report: ScanReport) -> None:
    page.blank()
    for note in report.notes:
        page.line(note, first="note: ", first_style="warning")
    fixable = [item for item in standing(report) if item.fix is not None and item.fix.applicability.word != "manual"]
    if fixable:
        option = "--bundle" if report.host.is_bundle else "--root"
        where = "" if report.host.root == "/" else f" with the same {option}"
        about = plural(len(fixable), "finding")
        page.line(f"'doctor fix'{where} shows the repair plan for {about}; it changes nothing")
