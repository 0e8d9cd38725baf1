"""One line for Nagios, Icinga, Checkmk and their like, and the exit code they expect."""

from doctor.api import report_format
from doctor.model.outcome import Result
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import visible

from ._words import WORST_FIRST, counted, incomplete, plural, problems

# Monitoring plugins' development guidelines: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_LONGEST = 300
_OPEN = frozenset({Result.ERROR, Result.UNPROVEN})


@report_format("nagios", media="text/plain", of=("scan", "probe"))
def render(report: Report) -> bytes:
    """Render the status, the worst finding, the counts, and performance data behind a bar, all in one line."""
    if isinstance(report, ScanReport):
        says, figures = _scan(report)
    elif isinstance(report, ProbeReport):
        says, figures = _probes(report)
    else:
        return b"CONTAINERS UNKNOWN - this format tells of scans and probes only\n"
    line = f"CONTAINERS {_WORDS[exit_code(report)]} - {_plain(says)}|{figures}\n"
    return line.encode("utf-8")


def exit_code(report: Report) -> int:
    """Return the exit code that goes with the line, in place of doctor's own."""
    if isinstance(report, ScanReport):
        found = problems(report)
        if found:
            return 2 if max(finding.level for finding in found) >= Severity.ERROR else 1
        return 3 if incomplete(report) else 0
    if isinstance(report, ProbeReport):
        results = {probe.result for probe in report.probes}
        return 2 if Result.FAIL in results else 3 if results & _OPEN or Result.PASS not in results else 0
    return 3


def _scan(report: ScanReport) -> tuple[str, str]:
    found, gaps = problems(report), incomplete(report)
    words = counted(report)
    if found:
        # The first one is the cause of what follows; that is what a person should be woken with.
        says = f"{found[0].message} [{found[0].id}]; {words}"
    elif gaps:
        says = f"{plural(len(gaps), 'check')} could not look: {gaps[0].reason}; {words}"
    else:
        says = words
    figures = " ".join(f"{level.word}={report.count(level)};;;0" for level in WORST_FIRST)
    return says, f"{figures} time={report.seconds:.3f}s;;;0"


def _probes(report: ProbeReport) -> tuple[str, str]:
    bad = [probe for probe in report.probes if probe.result is Result.FAIL or probe.result in _OPEN]
    if bad:
        says = "; ".join(f"{probe.name}: {probe.message}" for probe in bad)
    else:
        passed = sum(1 for probe in report.probes if probe.result is Result.PASS)
        says = f"{passed} of {plural(len(report.probes), 'probe')} passed, none failed"
    failed = sum(1 for probe in report.probes if probe.result is Result.FAIL)
    return says, f"failed={failed};;;0 time={report.seconds:.3f}s;;;0"


def _plain(text: str) -> str:
    # A bar would begin performance data.
    text = visible(text).replace("|", "/")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
