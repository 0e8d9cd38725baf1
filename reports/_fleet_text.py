"""The report of a fleet for a terminal: what changed, then the problems, then everything that is uncertain."""

from collections.abc import Iterator, Sequence

from doctor.model.fleet.changes import FleetChanges
from doctor.model.fleet.report import VERSIONS, FleetFinding, FleetReport
from doctor.model.severity import Severity
from doctor.model.text import plural
from doctor.model.verdict import VerdictState

from ._fleet_words import STATE_WORDS, STATES, causes, headline, in_families, names, others, remarks, waived
from ._terminal import TerminalPage, label
from ._words import took, when

_INDENT = 10
_NAMES = 5
_LINES = 10
_Line = tuple[str, str, str]
"""A prefix, the style of it, and the text."""


def fleet(page: TerminalPage, report: FleetReport) -> None:
    """Add the report to the page; ``page.verbose`` shows every host and every line."""
    page.line(plural(len(report.hosts), "host"), style="bold")
    read = f"{plural(report.read, 'report')} in {took(report.seconds)}"
    page.line(f"doctor {report.doctor}, {when(report.started)}, {read}", style="dim")
    page.blank()
    page.line(report.verdict.says, style=report.verdict.mood)
    counted = [f"{number} {STATE_WORDS[state]}" for state in STATES if (number := report.count(state))]
    page.line(", ".join(counted), style="dim") if counted else None
    if report.changes is not None:
        _changes(page, report.changes)
    for found in in_families(report) if page.verbose else causes(report):
        page.blank()
        _finding(page, found, len(report.hosts))
    _uncertain(page, report)
    _rest(page, report)
    _outliers(page, report)
    _versions(page, report)
    page.blank()
    for note in report.notes:
        page.line(note, first="note: ", first_style="warning")
    if not report.hosts:
        page.line("'doctor scan --format json -o FILE' writes the report of a host", style="dim")
    elif not page.verbose:
        page.line("-v shows every host; --format json has everything", style="dim")


def _most(page: TerminalPage) -> int:
    return 1_000_000 if page.verbose else _NAMES


def _finding(page: TerminalPage, found: FleetFinding, total: int) -> None:
    text = headline(found, total, _most(page))
    page.line(text, first=label(found.severity), first_style=found.severity.word, style="bold")
    page.line(found.message, indent=_INDENT)
    for remark in remarks(found, total):
        page.line(remark, indent=_INDENT, style="warning" if remark.startswith("spreading") else "dim")
    if found.risk is not None:
        page.line(found.fix, indent=_INDENT, first=f"fix ({found.risk.word}): ", first_style=found.risk.word)


def _changes(page: TerminalPage, changed: FleetChanges) -> None:
    page.heading(f"Changed since {when(changed.since)}, on {plural(changed.compared, 'compared host')}")
    lines = [*_found(page, changed), *_moved(page, changed)]
    shown = lines if page.verbose else lines[: 2 * _LINES]
    for first, style, text in shown:
        page.line(text, indent=2, first=first, first_style=style)
    if len(shown) < len(lines):
        page.line(f"and {plural(len(lines) - len(shown), 'more change')} (-v shows all)", indent=2, style="dim")
    if not lines:
        page.line("nothing", indent=2)
    for titles, text in ((changed.appeared, "no report from before"), (changed.silent, "no report since then")):
        if titles:
            page.line(f"{text}, so not compared: {names(titles, _most(page))}", indent=2, style="dim")


def _found(page: TerminalPage, changed: FleetChanges) -> Iterator[_Line]:
    for one in changed.findings:
        if one.severity is Severity.INFO and not page.verbose:
            continue
        for first, style, titles in (
            ("new ", one.severity.word, one.new),
            ("gone ", "pass", one.gone),
            ("not examined again ", "warning", one.unknown),
        ):
            if titles:
                yield first, style, f"{one.id} on {plural(len(titles), 'host')}: {names(titles, _most(page))}"


def _moved(page: TerminalPage, changed: FleetChanges) -> Iterator[_Line]:
    for first, style, moved in (("worse ", "error", changed.worse), ("better ", "pass", changed.better)):
        by_step: dict[tuple[VerdictState, VerdictState], list[str]] = {}
        for title, before, after in moved:
            by_step.setdefault((before, after), []).append(title)
        for (before, after), same in by_step.items():
            step = f"{before.value} → {after.value} on {plural(len(same), 'host')}"
            yield first, style, f"{step}: {names(same, _most(page))}"
    for one in changed.versions:
        step = f"{one.of} {one.before} → {one.after} on {plural(len(one.hosts), 'host')}"
        yield "version ", "bold", f"{step}: {names(one.hosts, _most(page))}"


def _uncertain(page: TerminalPage, report: FleetReport) -> None:
    """Print the hosts that were not examined completely, by reason, and the files that could not be read."""
    reasons: dict[str, list[str]] = {}
    for host in report.hosts:
        for doubt in host.doubts:
            # Reports of one night are stale for one reason.
            reasons.setdefault("stale" if doubt.startswith("stale: ") else doubt, []).append(host.title)
    if reasons:
        page.heading("Not examined completely")
        _listed(page, [f"{reason}: {names(same, _most(page))}" for reason, same in _by_count(reasons)])
    if report.missing:
        page.heading("Expected, without a report")
        page.line(names(report.missing, _most(page)), indent=2)
    if report.unread:
        page.heading("Files that could not be read")
        _listed(page, [f"{path}: {reason}" for path, reason in report.unread])


def _by_count(reasons: dict[str, list[str]]) -> list[tuple[str, list[str]]]:
    return sorted(reasons.items(), key=lambda item: -len(item[1]))


def _listed(page: TerminalPage, lines: Sequence[str]) -> None:
    shown = lines if page.verbose else lines[:_LINES]
    for line in shown:
        page.line(line, indent=2)
    if len(shown) < len(lines):
        page.line(f"and {len(lines) - len(shown)} more (-v shows all)", indent=2, style="dim")


def _rest(page: TerminalPage, report: FleetReport) -> None:
    rest = others(report)
    if rest:
        page.heading("Worth knowing")
        _listed(page, [f"{found.id} on {_where(page, found)}: {found.message}" for found in rest])
    accepted = waived(report)
    if accepted:
        page.heading("Accepted by the settings")
        _listed(page, [f"{found.id} on {names(found.waived, _most(page))}: {found.message}" for found in accepted])
    if page.verbose:
        page.heading("Hosts")
        for host in report.hosts:
            versions = ", ".join(
                filter(None, (host.os, f"engine {host.engine}" if host.engine else "", f"kernel {host.kernel}"))
            )
            seen = f"{host.state.value}, {when(host.started)}, doctor {host.doctor}, {host.file}"
            root = "" if host.root == "/" else f" ({host.root})"
            page.line(f"{host.title}{root}: {seen}: {host.says}", indent=2)
            page.line(versions, indent=4, style="dim")


def _where(page: TerminalPage, found: FleetFinding) -> str:
    return names(found.hosts, _most(page)) if page.verbose else plural(len(found.hosts), "host")


def _outliers(page: TerminalPage, report: FleetReport) -> None:
    if not report.outliers:
        return
    page.heading("Differ from hosts like them")
    _listed(
        page,
        [f"{one.host}, of {one.of} hosts ({one.like}): {'; '.join(one.differences)}" for one in report.outliers],
    )


def _versions(page: TerminalPage, report: FleetReport) -> None:
    if not report.hosts:
        return
    page.heading("Versions")
    for of in VERSIONS:
        found = [one for one in report.versions if one.of == of]
        shown = found if page.verbose else found[:_NAMES]
        words = [
            f"{one.version or 'unknown'} on {one.hosts}" + (f" ({one.problems} with problems)" if one.problems else "")
            for one in shown
        ]
        words += [f"{len(found) - len(shown)} more"] if len(shown) < len(found) else []
        page.line(", ".join(words), indent=2, first=f"{of:<8}", first_style="dim")
