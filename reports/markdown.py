"""Markdown for an issue or a chat. Text of the host is escaped, so it can't become markup."""

import re

from doctor.api import report_format
from doctor.model.finding import Evidence, Finding
from doctor.model.probe_result import ProbeResult
from doctor.model.report import PlannedAction, PlanReport, RepairReport, Report, ScanReport
from doctor.model.text import visible

from ._words import (
    NOT_KNOWN,
    accepted,
    apart,
    causes_by_check,
    fix_line,
    incomplete,
    known_of,
    rolled_back,
    to_do,
    unresolved,
    when,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~&@:$^=])")


@report_format("markdown", media="text/markdown", of=("scan", "plan", "repair", "probe"))
def render(report: Report) -> bytes:
    """Render GitHub-flavoured Markdown."""
    host = report.host
    about = ", ".join(
        filter(None, (host.os, host.kernel and f"kernel {host.kernel}", host.engine and f"engine {host.engine}"))
    )
    lines = [f"# {plain(host.name)}", "", plain(f"{about} — doctor {report.doctor}, {when(report.started)}"), ""]
    if not isinstance(report, RepairReport):
        lines += [f"**{plain(report.verdict.unseen)}**", ""] if report.verdict.unseen else []
        lines += [f"**{plain(report.verdict.says)}**", ""]
    if isinstance(report, ScanReport):
        lines += _scan(report)
    elif isinstance(report, PlanReport):
        lines += _actions("Plan", report.actions) if report.actions else []
        lines += [f"{plain(report.heading)}:", "", *block(report.command, "sh")] if report.actions else []
        lines += _manual(report)
    elif isinstance(report, RepairReport):
        lines += _repair(report)
    else:
        lines += _probes(report.probes)
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8")


def plain(text: str) -> str:
    """Return text escaped for Markdown: no links, no mentions, no HTML."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def code(text: str) -> str:
    """Return a code span; its fence is longer than any run of backticks inside."""
    text = visible(text)
    fence = "`" * (_longest_run(text) + 1)
    return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text or ' '}{fence}"


def block(text: str, language: str = "") -> list[str]:
    """Return a fenced block; its fence is longer than any run of backticks inside."""
    text = visible(text, keep="\n\t").rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return [f"{fence}{language}", *text.split("\n"), fence, ""]


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _scan(report: ScanReport) -> list[str]:
    since = "" if report.change is None else report.change.says(report.started)
    lines = [plain("; ".join(filter(None, (report.verdict.counted, since)))), ""]
    for finding in [found for group in apart(report) for found in group]:
        lines += _finding(finding, report)
    for repair in report.repairs:
        lines += ["## Applied repair", "", *_repair(repair)]
    lines += _probes(report.probes)
    gaps = incomplete(report)
    if gaps:
        lines += ["## Not examined", ""]
        lines += [f"- {code(outcome.id)} {plain(outcome.reason)}" for outcome in gaps]
        lines.append("")
    waived = accepted(report)
    if waived:
        lines += ["## Accepted", ""]
        lines += [f"- {code(item.id)} {plain(item.message)}: {plain(item.waived)}" for item in waived]
        lines.append("")
    lines += _before(report)
    return lines + [f"> {plain(note)}" for note in report.notes]


def _before(report: ScanReport) -> list[str]:
    """Return the findings of earlier scans that are gone, or unknown now."""
    if report.change is None:
        return []
    lines = []
    for title, found in (("No longer there", report.change.gone), (NOT_KNOWN, report.change.unknown)):
        if found:
            lines += [f"## {title}", "", *(f"- {code(one.id)} {plain(one.message)}" for one in found), ""]
    return lines


def _finding(finding: Finding, report: ScanReport) -> list[str]:
    lines = [
        f"## {finding.level.word}: {plain(finding.message)}",
        "",
        f"{code(finding.id)}, {finding.subject.kind} {code(finding.subject.name)}",
        "",
    ]
    lines += [f"- {plain(says)}" for says in known_of(finding, report.started)]
    for causes, more in causes_by_check(finding, report.findings):
        lines += [f"- because of {code(cause.id)}: {plain(cause.message)}" for cause in causes]
        lines += [f"- and {more} more of {code(causes[0].id)}"] if more else []
    lines += _evidence(finding.evidence)
    if finding.fix is not None:
        lines.append(f"- fix: {plain(fix_line(finding))}")
    return [*lines, ""]


def _evidence(evidence: tuple[Evidence, ...]) -> list[str]:
    return [f"- {code(seen.source)}: {code(seen.value)}" for seen in evidence]


def _actions(title: str, actions: tuple[PlannedAction, ...]) -> list[str]:
    lines = [f"## {title}", ""]
    if not actions:
        lines += ["Nothing to do.", ""]
    for action in actions:
        result = f" — {action.result}" if action.result else ""
        lines += [f"{action.number}. {plain(action.summary)} ({action.risk.word}){plain(result)}", ""]
        if action.diff:
            lines += block(action.diff, "diff")
    return lines


def _manual(report: PlanReport | RepairReport) -> list[str]:
    lines = []
    tasks = to_do(report.manual)
    if tasks:
        lines += ["## Left to you", ""]
        for item in tasks:
            lines.append(f"- {code(item.finding.id)} {plain(item.finding.message)}: {plain(item.why)}")
            lines += [f"  {plain(item.advice)}"] if item.advice else []
            for asked in item.questions:
                lines.append(f"  - choose {plain(asked.text)}:")
                lines += [f"    - {code(one.option)}: {_seen(one.evidence)}" for one in asked.candidates]
        lines.append("")
    return lines


def _seen(evidence: tuple[Evidence, ...]) -> str:
    return "; ".join(f"{plain(seen.source)}: {plain(seen.value)}" for seen in evidence)


def _repair(report: RepairReport) -> list[str]:
    lines = []
    if report.error:
        lines += [f"**The repair failed: {plain(report.error)}; {rolled_back(report)}.**", ""]
        for one in report.half_done:
            lines.append(f"- not rolled back: {code(one.what)}: {plain(one.why)}")
            if one.original:
                lines.append(f"  - before the repair: {plain(one.original)}")
            lines.append(f"  - next: {plain(one.do)}")
        lines += [""] if report.half_done else []
    lines += _actions(f"Repair {plain(report.run)}", report.actions)
    lines += _probes(report.probes) + _manual(report)
    if unresolved(report):
        lines += ["## Remaining", ""]
        lines += [
            f"- {finding.level.word}: {plain(finding.message)} ({code(finding.id)})" for finding in unresolved(report)
        ]
        lines.append("")
    return lines


def _probes(probes: tuple[ProbeResult, ...]) -> list[str]:
    if not probes:
        return []
    lines = ["| test container | result | details |", "| --- | --- | --- |"]
    lines += [f"| {plain(probe.name)} | {probe.result.value} | {plain(probe.message)} |" for probe in probes]
    return [*lines, ""]
