"""Sentences about a fleet, shared by its formats."""

from collections.abc import Sequence

from doctor.model.fleet.report import FleetFinding, FleetReport
from doctor.model.text import plural
from doctor.model.verdict import VerdictState

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


def remarks(found: FleetFinding) -> list[str]:
    """Return what else is known about a finding, one line each."""
    said = []
    if found.messages > 1:
        said.append(f"the commonest of {found.messages} messages")
    if found.is_spreading:
        said.append(
            f"spreading: on {found.now} hosts now, on {found.before} of the same hosts in their earlier reports"
        )
    if found.only is not None:
        of, version, number = found.only
        said.append(f"only on hosts with {of} {version}, on {len(found.hosts)} of the {number} that have it")
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


def others(report: FleetReport) -> list[FleetFinding]:
    """Return the other findings that are not waived everywhere."""
    return [found for found in report.findings if not found.is_problem and found.hosts]


def waived(report: FleetReport) -> list[FleetFinding]:
    """Return the findings that the settings of all their hosts accept."""
    return [found for found in report.findings if not found.hosts]
