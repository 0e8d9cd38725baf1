"""One line and the exit code for node-problem-detector's custom plugins (Kubernetes)."""

from doctor.api import report_format
from doctor.model.outcome import Result
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.text import visible
from doctor.model.verdict import VerdictState

from ._words import is_untried, problems

# node-problem-detector cuts a line at max_output_length bytes, also inside a character. The configuration in kubernetes/
# sets this number.
LONGEST_BYTES = 512
_CODES = {VerdictState.HEALTHY: 0, VerdictState.CLEAR: 0, VerdictState.PROBLEMS: 1, VerdictState.INCOMPLETE: 2}


@report_format("npd", media="text/plain", of=("scan", "probe"))
def render(report: Report) -> bytes:
    """Render the verdict and the problems, worst first, in one line that node-problem-detector does not cut.

    The line has no times or durations: node-problem-detector reports a condition again when its message changes.
    """
    if isinstance(report, ScanReport):
        found = [f"{visible(finding.message)} [{finding.id}]" for finding in problems(report)]
        verdict = report.verdict
        says = [verdict.says, verdict.unseen, *found, f"{verdict.waived} waived" if verdict.waived else ""]
    elif isinstance(report, ProbeReport):
        bad = [probe for probe in report.probes if probe.result is Result.FAIL or is_untried(probe)]
        says = [report.verdict.says, *(f"{probe.name}: {visible(probe.message)}" for probe in bad)]
    else:
        return b"this format supports only scans and probes\n"
    return _cut(visible("; ".join(filter(None, says)))) + b"\n"


def exit_code(report: Report) -> int:
    """Return 0 for no problem, 1 for a problem, 2 for unknown, in place of doctor's own code."""
    return _CODES[report.verdict.state] if isinstance(report, ScanReport | ProbeReport) else 2


def _cut(line: str) -> bytes:
    raw = line.encode("utf-8")
    if len(raw) <= LONGEST_BYTES:
        return raw
    return raw[: LONGEST_BYTES - 3].decode("utf-8", "ignore").encode("utf-8") + b"..."
