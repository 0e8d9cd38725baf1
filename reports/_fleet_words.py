"""Sentences about a fleet, shared by its formats."""

from collections.abc import Sequence

from doctor.model.fleet.report import FleetFinding, FleetReport
from doctor.model.text import plural
from doctor.model.verdict import VerdictState

from ._words import when

STATES = (VerdictState.PROBLEMS, VerdictState.INCOMPLETE, VerdictState.CLEAR, VerdictState.HEALTHY)
STATE_WORDS = {
    VerdictState.PROBLEMS: "with problems",
    VerdictState.INCOMPLETE: "not examined completely",
    VerdictState.CLEAR: "without a problem found",
    VerdictState.HEALTHY: "healthy",
}
MOODS = {
    VerdictState.PROBLEMS: "error",
    VerdictState.INCOMPLETE: "warning",
    VerdictState.CLEAR: "pass",
    VerdictState.HEALTHY: "pass",
}


def names(titles: Sequence[str], most: int) -> str:
    """Return the first names, and how many more there are.

    >>> names(("a", "b", "c"), 3), names(("a", "b", "c", "d"), 2)
    ('a, b, c', 'a, b and 2 more')
    """
    if len(titles) <= most + 1:
        return ", ".join(titles)
    return f"{', '.join(titles[:most])} and {len(titles) - most} more"


def headline(found: FleetFinding, total: int, most: int) -> str:
    """Return the sentence that a person on call needs first: how many hosts, the loss, the check, the hosts."""
    where = f"{found.id} on {names(found.hosts, most)}"
    who = f"{len(found.hosts)} of {plural(total, 'host')}"
    if found.cannot:
        likely = "" if found.is_proven else "likely "
        return f"{who} {likely}can't {found.cannot}: {where}"
    return f"{who}: {where}"


def remarks(found: FleetFinding, total: int) -> list[str]:
    """Return what else is known about a finding, one line each; ``total`` is the number of hosts."""
    said = []
    if found.messages > 1:
        said.append(f"the commonest of {found.messages} messages")
    if found.is_spreading:
        before = f"{found.before} of them" if found.before else "none of them"
        said.append(
            f"spreading: of the hosts with an earlier report, {found.now} have it now, and {before} had it then"
        )
    if found.since is not None:
        first, host = found.since
        said.append(f"since {when(first)}" + (f", first on {host}" if len(found.hosts) > 1 else ""))
    if found.only is not None:
        of, version, number = found.only
        said.append(f"all of these have {of} {version}, as {number} of {plural(total, 'host')} do")
    if found.because:
        said.append(f"because of {', '.join(found.because)}")
    if found.explains:
        said.append(f"explains {', '.join(found.explains)}")
    if found.stale:
        said.append(f"{found.stale} of these reports are stale" if found.stale > 1 else "1 of these reports is stale")
    if found.waived:
        said.append(f"waived on {plural(len(found.waived), 'other host')}")
    return said


def problems(report: FleetReport) -> list[FleetFinding]:
    """Return the findings that count against a host."""
    return [found for found in report.findings if found.is_problem]


def causes(report: FleetReport) -> list[FleetFinding]:
    """Return the problems that no other problem explains: each names what it explains."""
    shown = {found.id for found in problems(report)}
    return [found for found in problems(report) if not shown.issuperset(found.because) or not found.because]


def in_families(report: FleetReport) -> list[FleetFinding]:
    """Return the problems, each cause before its symptoms."""
    every = problems(report)
    ordered: dict[str, FleetFinding] = {}
    for cause in causes(report):
        ordered.setdefault(cause.id, cause)
        for one in every:
            if one.because and cause.id in one.because:
                ordered.setdefault(one.id, one)
    return list((ordered | {one.id: one for one in every if one.id not in ordered}).values())


def others(report: FleetReport) -> list[FleetFinding]:
    """Return the other findings that are not waived everywhere."""
    return [found for found in report.findings if not found.is_problem and found.hosts]


def waived(report: FleetReport) -> list[FleetFinding]:
    """Return the findings that the settings of all their hosts accept."""
    return [found for found in report.findings if not found.hosts]
