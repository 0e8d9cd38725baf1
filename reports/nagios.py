"""One line and the exit code for Nagios, Icinga, Checkmk and compatible systems."""

from doctor.api import report_format
from doctor.model.outcome import Result
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.model.verdict import VerdictState

from ._words import WORST_FIRST, is_untried, problems

# Monitoring plugins' development guidelines: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
_WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
# Limit for text of the host, so that the verdict after it is never cut off.
_LONGEST = 200


@report_format("nagios", media="text/plain", of=("scan", "probe"))
def render(report: Report) -> bytes:
    """Render the status, the worst finding, the counts, and performance data after a bar, in one line."""
    if isinstance(report, ScanReport):
        says, figures = _scan(report)
    elif isinstance(report, ProbeReport):
        says, figures = _probes(report)
    else:
        return b"CONTAINERS UNKNOWN - this format supports only scans and probes\n"
    line = f"CONTAINERS {_WORDS[exit_code(report)]} - {_plain(says)}|{figures}\n"
    return line.encode("utf-8")


def exit_code(report: Report) -> int:
    """Return the exit code that goes with the line, in place of doctor's own."""
    if isinstance(report, ScanReport | ProbeReport):
        verdict = report.verdict
        if verdict.state is VerdictState.PROBLEMS:
            return 2 if verdict.worst is None or verdict.worst >= Severity.ERROR else 1
        return 0 if verdict.is_green else 3
    return 3


def _scan(report: ScanReport) -> tuple[str, str]:
    verdict = report.verdict
    found = problems(report)
    # The first finding is the root cause, which belongs in an alert.
    first = f"{_short(found[0].message)} [{found[0].id}]" if found else ""
    says = "; ".join(filter(None, (first, verdict.unseen, verdict.says, verdict.counted)))
    figures = [f"{level.word}={report.count(level)};;;0" for level in WORST_FIRST]
    figures += [f"waived={verdict.waived};;;0", f"incomplete={verdict.incomplete};;;0", f"checks={verdict.ran};;;0"]
    return says, f"{' '.join(figures)} time={report.seconds:.3f}s;;;0"


def _probes(report: ProbeReport) -> tuple[str, str]:
    verdict = report.verdict
    bad = [probe for probe in report.probes if probe.result is Result.FAIL or is_untried(probe)]
    says = "; ".join([verdict.says, *(f"{probe.name}: {_short(probe.message)}" for probe in bad)])
    return says, f"failed={verdict.problems};;;0 time={report.seconds:.3f}s;;;0"


def _short(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(text: str) -> str:
    # A bar would start the performance data.
    return visible(text).replace("|", "/")
