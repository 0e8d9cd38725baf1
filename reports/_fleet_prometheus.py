"""Metrics of a fleet: numbers of hosts. Series of one host are exported by the host itself."""

from collections.abc import Callable, Iterator, Mapping

from doctor.model.fleet.report import FleetReport
from doctor.model.verdict import VerdictState

from ._words import WORST_FIRST

Samples = list[tuple[Mapping[str, str], float]]
Metric = Callable[[str, str, Samples], str]


def fleet(report: FleetReport, metric: Metric) -> str:
    """Return the metrics of all hosts, written by ``metric``.

    The number of series grows with checks and versions, not with hosts. Zeros are exported, so an alert on their absence means that
    nobody merges reports any more.
    """
    return "".join((*_hosts(report, metric), *_findings(report, metric), *_run(report, metric)))


def _hosts(report: FleetReport, metric: Metric) -> Iterator[str]:
    yield metric(
        "doctor_fleet_verdict",
        "1 for the current verdict on all hosts: healthy, clear, problems or incomplete.",
        [({"state": state.value}, int(state is report.verdict.state)) for state in VerdictState],
    )
    yield metric(
        "doctor_fleet_hosts",
        "Hosts by verdict of their newest report.",
        [({"state": state.value}, report.count(state)) for state in VerdictState],
    )
    numbers = (
        ("hosts_stale", "Hosts whose newest report is stale.", sum(1 for host in report.hosts if host.stale)),
        ("hosts_missing", "Expected hosts without a report.", len(report.missing)),
        ("files_unread", "Files that could not be read.", len(report.unread)),
        ("reports", "Reports that were read.", report.read),
        ("outliers", "Hosts that differ from those like them.", len(report.outliers)),
    )
    for name, about, number in numbers:
        yield metric(f"doctor_fleet_{name}", about, [({}, number)])
    yield metric(
        "doctor_fleet_version_hosts",
        "Hosts with this version.",
        [({"of": one.of, "version": one.version}, one.hosts) for one in report.versions],
    )


def _findings(report: FleetReport, metric: Metric) -> Iterator[str]:
    problems = [found for found in report.findings if found.is_problem]
    yield metric(
        "doctor_fleet_problems",
        "Checks with problems, by severity.",
        [({"severity": level.word}, sum(1 for one in problems if one.severity is level)) for level in WORST_FIRST],
    )
    yield metric(
        "doctor_fleet_finding_hosts",
        "Hosts with a problem of this check.",
        [({"check": found.id, "severity": found.severity.word}, len(found.hosts)) for found in problems],
    )
    yield metric(
        "doctor_fleet_finding_hosts_before",
        "Hosts with a problem of this check in the earlier reports of the same hosts.",
        [({"check": found.id}, found.before) for found in problems],
    )
    yield metric(
        "doctor_fleet_spreading",
        "Checks with problems on more hosts than in the earlier reports of the same hosts.",
        [({}, sum(1 for found in report.findings if found.is_spreading))],
    )


def _run(report: FleetReport, metric: Metric) -> Iterator[str]:
    if report.hosts:
        yield metric(
            "doctor_fleet_oldest_report_timestamp_seconds",
            "Start of the oldest of the hosts' newest reports, in seconds since the epoch.",
            [({}, min(host.started for host in report.hosts))],
        )
    yield metric(
        "doctor_fleet_last_run_timestamp_seconds",
        "Time of this merge, in seconds since the epoch.",
        [({}, report.started)],
    )
