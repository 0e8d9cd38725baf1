"""Metrics in the Prometheus text format, for node_exporter's textfile collector."""

import time
from calendar import timegm
from collections.abc import Iterable, Mapping

from doctor.api import report_format
from doctor.model.finding import Finding
from doctor.model.fleet.report import FleetReport
from doctor.model.outcome import Result
from doctor.model.probe_result import ProbeResult
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.text import visible
from doctor.model.verdict import Verdict, VerdictState

from ._fleet_prometheus import fleet
from ._words import WORST_FIRST

_DAY_S = 86400
Sample = tuple[Mapping[str, str], float]


@report_format("prometheus", media="text/plain; version=0.0.4", of=("scan", "probe", "fleet"))
def render(report: Report | FleetReport) -> bytes:
    """Render gauges: the verdict, findings by severity, each finding by name, outcomes, probes, and the scan's time.

    A host without a problem exports the same series with zeros, so an alert on their absence means that scans have stopped.
    Zeros alone prove nothing: ``doctor_verdict`` shows whether anything was examined.
    """
    if isinstance(report, ScanReport):
        text = _scan(report)
    elif isinstance(report, ProbeReport):
        text = _verdict(report.verdict) + _probes(report.probes) + _time(report)
    elif isinstance(report, FleetReport):
        text = fleet(report, _metric)
    else:
        text = ""
    return text.encode("utf-8")


def _scan(report: ScanReport) -> str:
    host = report.host
    results = {
        result: sum(1 for outcome in report.outcomes if outcome.result is result)
        for result in Result
        if result is not Result.UNPROVEN
    }
    verdict = report.verdict
    parts = [
        _verdict(verdict),
        _metric(
            "doctor_info",
            "The host and the version of doctor; always 1.",
            [({"version": report.doctor, "engine": host.engine, "kernel": host.kernel}, 1)],
        ),
        _metric(
            "doctor_findings",
            "Findings without a waiver, by severity.",
            [({"severity": level.word}, report.count(level)) for level in WORST_FIRST],
        ),
        _metric(
            "doctor_finding",
            "1 for each finding without a waiver.",
            _once((_labels(finding), 1) for finding in report.findings if not finding.waived),
        ),
        _metric(
            "doctor_outcomes",
            "Checks by outcome.",
            [({"outcome": result.value}, count) for result, count in results.items()],
        ),
        _metric(
            "doctor_incomplete",
            "Checks that could not examine everything.",
            [({}, verdict.incomplete)],
        ),
        _metric(
            "doctor_finding_since_timestamp_seconds",
            "First scan that found it without a break, for each finding without a waiver.",
            _once(
                (_labels(finding), finding.seen.since)
                for finding in report.findings
                if finding.seen is not None and not finding.waived
            ),
        ),
        _waived(report),
        _metric("doctor_waived", "Findings waived in the settings.", [({}, verdict.waived)]),
        _metric("doctor_checks_run", "Checks selected for this scan.", [({}, verdict.ran)]),
        _metric("doctor_checks_installed", "Checks installed.", [({}, verdict.installed)]),
        _metric(
            "doctor_exit_code",
            "Exit code of the scan: 0 no problem found, 1 findings, 3 incomplete.",
            [({}, verdict.exit_code)],
        ),
        _probes(report.probes),
        _time(report),
    ]
    return "".join(parts)


def _waived(report: ScanReport) -> str:
    waived = [finding for finding in report.findings if finding.waived]
    ends = [(_labels(finding), end) for finding in waived if (end := _end(finding)) is not None]
    return _metric(
        "doctor_finding_waived",
        "1 for each finding that the settings waive.",
        _once((_labels(finding), 1) for finding in waived),
    ) + _metric(
        "doctor_waiver_end_timestamp_seconds",
        "End of the last day of a waiver: the finding then counts again.",
        _once(ends),
    )


def _labels(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.id,
        "severity": finding.level.word,
        "kind": finding.subject.kind,
        "subject": finding.subject.name,
    }


def _end(finding: Finding) -> float | None:
    """Return when the waiver of a finding ends: days are those of UTC."""
    expires = "" if finding.waiver is None else finding.waiver.expires
    try:
        return timegm(time.strptime(expires, "%Y-%m-%d")) + _DAY_S if expires else None
    except (ValueError, OverflowError):
        return None


def _verdict(verdict: Verdict) -> str:
    return _metric(
        "doctor_verdict",
        "1 for the current verdict: healthy (tested and passed), clear (no problem found), problems or incomplete.",
        [({"state": state.value}, int(state is verdict.state)) for state in VerdictState],
    )


def _probes(probes: tuple[ProbeResult, ...]) -> str:
    judged = [probe for probe in probes if probe.result in {Result.PASS, Result.FAIL}]
    return _metric(
        "doctor_probe_success",
        "Result of a test container: 1 pass, 0 fail; absent if it could not be tested.",
        [({"probe": probe.name}, int(probe.result is Result.PASS)) for probe in judged],
    )


def _time(report: ScanReport | ProbeReport) -> str:
    return _metric(
        "doctor_last_run_timestamp_seconds",
        "Start time, in seconds since the epoch.",
        [({}, report.started)],
    ) + _metric("doctor_last_run_duration_seconds", "Duration in seconds.", [({}, report.seconds)])


def _once(samples: Iterable[Sample]) -> list[Sample]:
    # A series may occur only once, and escaping control characters can make two names equal.
    return list({tuple(map(visible, labels.values())): (labels, value) for labels, value in samples}.values())


def _metric(name: str, about: str, samples: list[Sample]) -> str:
    if not samples:
        return ""
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_label(word)}"' for key, word in labels.items())
        lines.append(f"{name}{{{inside}}} {value:.10g}" if inside else f"{name} {value:.10g}")
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
