"""No format is green over a report that is not: every registered one, a new one and a plugin's included, over a table."""

import html
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from doctor.cli.common import SharedOptions, emit
from doctor.model.exit_code import ExitCode
from doctor.model.finding import Finding, Subject
from doctor.model.outcome import NEEDS_DEEP, Outcome, Result
from doctor.model.probe_result import LastProof, ProbeResult
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.severity import Severity
from doctor.model.verdict import Scope, VerdictState
from doctor.plugins.load import load
from tests.unit.reports import samples

CATALOG = load()
CLEAR = replace(samples.CLEAR, scope=Scope(installed=len(samples.OUTCOMES)))
PASSED, SKIPPED, FAILED = samples.PASSED, samples.PROBES[2], samples.PROBES[1]
UNTRIED = replace(FAILED, result=Result.ERROR, message="the bundled runtime could not run")
UNPROVEN = replace(FAILED, result=Result.UNPROVEN, message="no server outside may be asked")
BROKEN_PROBE = Finding(
    id="probe/egress-failed", subject=Subject("probe", "egress"), message="no egress", severity=Severity.ERROR
)
GONE = Outcome(id="dns/gone", result=Result.ERROR, reason="the check's file is missing", incomplete=True)


def _probed(*probes: ProbeResult) -> ProbeReport:
    return replace(samples.PROBED, probes=probes)


# name → report and what it comes to.
TABLE: dict[str, tuple[Report, VerdictState]] = {
    "a critical finding": (replace(CLEAR, findings=(samples.FORWARD,)), VerdictState.PROBLEMS),
    "a critical finding hidden by --since-last": (
        replace(CLEAR, findings=(samples.FORWARD,), hidden=(samples.FORWARD.fingerprint,)),
        VerdictState.PROBLEMS,
    ),
    "all hidden": (samples.HIDDEN, VerdictState.PROBLEMS),
    "hidden, and probes passed": (
        replace(CLEAR, findings=(samples.LOGS,), hidden=(samples.LOGS.fingerprint,), probes=PASSED),
        VerdictState.PROBLEMS,
    ),
    "no check was left": (samples.NOTHING_RAN, VerdictState.INCOMPLETE),
    "no check could be loaded": (replace(CLEAR, outcomes=(), scope=Scope()), VerdictState.INCOMPLETE),
    "no check ran, and probes passed": (replace(samples.NOTHING_RAN, probes=PASSED), VerdictState.INCOMPLETE),
    "every check was skipped": (
        replace(CLEAR, outcomes=tuple(o for o in samples.OUTCOMES if o.result is Result.SKIP)),
        VerdictState.INCOMPLETE,
    ),
    "incomplete": (samples.INCOMPLETE, VerdictState.INCOMPLETE),
    "incomplete, and probes passed": (replace(samples.INCOMPLETE, probes=PASSED), VerdictState.INCOMPLETE),
    "an error that is not marked incomplete": (
        replace(CLEAR, outcomes=(*CLEAR.outcomes, replace(GONE, incomplete=False))),
        VerdictState.INCOMPLETE,
    ),
    "a repair is unfinished, and probes passed": (
        replace(CLEAR, probes=PASSED, scope=replace(CLEAR.scope, unfinished="repair 7 is unfinished")),
        VerdictState.INCOMPLETE,
    ),
    "not root": (samples.NOT_ROOT, VerdictState.INCOMPLETE),
    "fewer checks than are installed: one is gone": (
        replace(CLEAR, outcomes=(*CLEAR.outcomes, GONE)),
        VerdictState.INCOMPLETE,
    ),
    "a probe failed": (replace(CLEAR, findings=(BROKEN_PROBE,), probes=(FAILED,)), VerdictState.PROBLEMS),
    "a probe failed, and no finding says so": (replace(CLEAR, probes=(*PASSED[:1], FAILED)), VerdictState.PROBLEMS),
    "a probe could not be tried": (replace(CLEAR, probes=(*PASSED[:1], UNTRIED)), VerdictState.INCOMPLETE),
    "probes alone: one failed": (_probed(*PASSED[:1], FAILED), VerdictState.PROBLEMS),
    "probes alone: one could not be tried": (_probed(*PASSED[:1], UNTRIED), VerdictState.INCOMPLETE),
    "a probe could not prove it": (replace(CLEAR, probes=(*PASSED[:1], UNPROVEN)), VerdictState.INCOMPLETE),
    "probes alone: one could not prove it": (_probed(*PASSED[:1], UNPROVEN), VerdictState.INCOMPLETE),
    "probes alone: all skipped": (_probed(SKIPPED), VerdictState.INCOMPLETE),
    "probes alone: none": (_probed(), VerdictState.INCOMPLETE),
    "a plan with nothing to do, and the last test containers failed": (
        replace(samples.NOTHING, proof=LastProof(started=samples.STARTED, probes=(*PASSED[:1], FAILED))),
        VerdictState.PROBLEMS,
    ),
    "a plan that saw little": (samples.BLIND, VerdictState.INCOMPLETE),
    "a plan with nothing to do, over a problem": (
        replace(samples.NOTHING, before=samples.BROKEN.verdict),
        VerdictState.PROBLEMS,
    ),
}
# These may be green, and none of them is healthy: nothing was tried, or not all, or something worse than a remark stands.
NO_MORE_THAN_CLEAR: dict[str, Report] = {
    "only looked": CLEAR,
    "every probe had nothing to try": replace(CLEAR, probes=(SKIPPED,)),
    "one of many checks": samples.NARROWED,
    "all waived": replace(CLEAR, findings=(samples.WAIVED,)),
    "below --fail-on": replace(CLEAR, findings=(samples.LOGS,), fail_on=Severity.CRITICAL, probes=PASSED),
    "probes alone passed": _probed(*PASSED),
    "nothing to repair": samples.NOTHING,
    "nothing to repair, and the last test containers passed": replace(
        samples.NOTHING, proof=LastProof(started=samples.STARTED, probes=PASSED)
    ),
}
FORMATS = sorted(CATALOG.formats)


def render(name: str, report: Report) -> str:
    """Return the rendering of a report, with its own escapes decoded so that a sentence can be found in it."""
    text = CATALOG.report_format(name).function(report).decode()
    plain = re.sub(r"\\([^\w\s])", r"\1", html.unescape(text))
    return " ".join(plain.split())


def can_show(name: str, report: Report) -> bool:
    """Whether the format is for this kind of report."""
    return report.kind in CATALOG.report_format(name).declaration.of  # type: ignore[union-attr]


# The sign for a green light, by format: a format that is not here must say the verdict's sentence.
def _junit_is_green(report: Report) -> bool:
    top = ET.fromstring(CATALOG.report_format("junit").function(report))
    return top.attrib["failures"] == "0" and top.attrib["errors"] == "0"


def _sarif_is_green(report: Report) -> bool:
    run = json.loads(CATALOG.report_format("sarif").function(report))["runs"][0]
    told = [note for note in run["invocations"][0]["toolExecutionNotifications"] if note["level"] == "error"]
    open_results = [result for result in run["results"] if "suppressions" not in result]
    return run["invocations"][0]["exitCode"] == 0 or not (told or open_results)


def _prometheus_is_green(report: Report) -> bool:
    text = CATALOG.report_format("prometheus").function(report).decode()
    return 'doctor_verdict{state="healthy"} 1' in text or 'doctor_verdict{state="clear"} 1' in text


def _json_is_green(report: Report) -> bool:
    document = json.loads(CATALOG.report_format("json").function(report))
    return document["exit_code"] == 0 or document["verdict"]["state"] in {"healthy", "clear"}


def _nagios_is_green(report: Report) -> bool:
    return CATALOG.report_format("nagios").function(report).startswith(b"CONTAINERS OK")


def _npd_is_green(report: Report) -> bool:
    from doctor.reports import npd

    return npd.exit_code(report) == 0


LIGHTS: dict[str, Callable[[Report], bool]] = {
    "junit": _junit_is_green,
    "sarif": _sarif_is_green,
    "prometheus": _prometheus_is_green,
    "json": _json_is_green,
    "nagios": _nagios_is_green,
    "npd": _npd_is_green,
}
# Metrics have no sentences: a label that changes makes a new series each time.
WITHOUT_SENTENCES = {"prometheus"}
GREEN_WORDS = re.compile(r"\b(OK|(?i:healthy|all is well|nothing to repair))\b")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("title", TABLE)
def test_no_format_is_green_over_it(name: str, title: str) -> None:
    report, state = TABLE[title]
    if not can_show(name, report):
        return
    assert report.verdict.state is state  # type: ignore[union-attr]
    assert name not in LIGHTS or not LIGHTS[name](report)
    if name not in WITHOUT_SENTENCES:
        text = render(name, report)
        # A page begins the sentence with a capital.
        assert " ".join(report.verdict.says.split())[1:] in text  # type: ignore[union-attr]
        assert not GREEN_WORDS.search(text.replace(f'"{VerdictState.HEALTHY.value}"', "")), text


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("title", NO_MORE_THAN_CLEAR)
def test_no_format_says_healthy_without_proof(name: str, title: str) -> None:
    report = NO_MORE_THAN_CLEAR[title]
    if can_show(name, report):
        assert report.verdict.state is VerdictState.CLEAR  # type: ignore[union-attr]
        text = render(name, report)
        assert "healthy" not in text.replace('{state="healthy"} 0', "").replace("healthy (tested and passed)", "")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("title", [*TABLE, *NO_MORE_THAN_CLEAR])
def test_the_exit_code_is_the_verdicts(name: str, title: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    report = TABLE[title][0] if title in TABLE else NO_MORE_THAN_CLEAR[title]
    if can_show(name, report):
        code = emit(CATALOG, report, name, "", SharedOptions(verbose=False, quiet=False, colour=False))
        assert (code == ExitCode.OK) == report.verdict.is_green  # type: ignore[union-attr]


def test_a_format_can_not_lower_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose own code is 0 over a problem gets doctor's."""
    from doctor.reports import nagios

    monkeypatch.setattr(nagios, "exit_code", lambda _: 0)
    shared = SharedOptions(verbose=False, quiet=True, colour=False)
    assert emit(CATALOG, samples.BROKEN, "nagios", "", shared) == ExitCode.FOUND


@pytest.mark.parametrize("name", FORMATS)
def test_a_waived_finding_is_counted_as_waived(name: str) -> None:
    report = NO_MORE_THAN_CLEAR["all waived"]
    words = {
        "json": '"waived": 1',
        "prometheus": "doctor_waived 1",
        "sarif": '"waived": 1',
        "nagios": "waived=1;",
        "html": "<strong>1</strong> waived",
    }
    assert words.get(name, "1 waived") in render(name, report)


@pytest.mark.parametrize("name", FORMATS)
def test_how_many_of_how_many_checks_ran(name: str) -> None:
    words = {"prometheus": "doctor_checks_run 1"}
    text = render(name, samples.NARROWED)
    assert words.get(name, "only 1 of 11 checks ran (--select dns)") in text
    assert name != "prometheus" or "doctor_checks_installed 11" in text


@pytest.mark.parametrize("name", FORMATS)
def test_a_plan_says_how_many_checks_it_is_made_from(name: str) -> None:
    """Settings that skip a check hide what it would find from the repair too."""
    report = replace(samples.NOTHING, before=samples.NARROWED.verdict)
    if can_show(name, report):
        assert "only 1 of 11 checks ran (--select dns)" in render(name, report)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [samples.NOT_ROOT, samples.BLIND], ids=["scan", "plan"])
def test_the_way_to_see_more_is_named(name: str, report: Report) -> None:
    if can_show(name, report) and name not in WITHOUT_SENTENCES:
        assert "not run as root, so 2 of 4 checks" in render(name, report)
        assert "sudo /opt/venv/bin/doctor scan --format text" in render(name, report)


def test_healthy_says_what_was_tried() -> None:
    says = samples.HEALTHY.verdict.says
    assert says == "healthy; test containers passed: storage, egress, limits, start"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("report", [samples.CLEAR, samples.HEALTHY], ids=["clear", "healthy"])
def test_a_green_verdict_says_that_contents_were_not_compared(name: str, report: ScanReport) -> None:
    """Each format with sentences; where the deep checks ran, or something is wrong, nothing of it."""
    text = "contents not compared (--deep)"
    skipped = Outcome(id="state/layer-content-altered", result=Result.SKIP, reason=NEEDS_DEEP)
    without = replace(report, outcomes=(*report.outcomes, skipped))
    if name not in WITHOUT_SENTENCES:
        assert text in " ".join(html.unescape(render(name, without)).split())
    assert text not in " ".join(report.verdict.says.split())
    assert text not in replace(without, findings=(samples.FORWARD,)).verdict.says


@pytest.mark.parametrize("name", ["prometheus", "junit", "sarif", "nagios"])
def test_hiding_changes_no_number_of_a_machine(name: str) -> None:
    """The numbers for programs are the same with and without ``--since-last``, except the number of hidden findings."""
    plain = CATALOG.report_format(name).function(replace(samples.BROKEN, hidden=())).decode()
    hidden = CATALOG.report_format(name).function(samples.HIDDEN).decode()
    strip = r'; \d+ known findings? not shown|,\s*"baselineState": "\w+"'
    assert re.sub(strip, "", hidden) == re.sub(strip, "", plain)


def test_a_filter_never_changes_the_counts() -> None:
    from doctor.model.report import summary

    before: ScanReport = replace(samples.BROKEN, hidden=())
    assert summary(samples.HIDDEN) | {"hidden": 0} == summary(before)
    assert samples.HIDDEN.exit_code == before.exit_code == ExitCode.FOUND
    assert samples.HIDDEN.verdict.problems == before.verdict.problems


def test_an_empty_plan_says_what_it_rests_on() -> None:
    """Checks, the last test containers, neither: a host that nobody has tried is not called well."""
    untried = samples.NOTHING.verdict
    assert "nothing to repair" not in untried.says
    assert "no scan has tried test containers" in untried.says
    repaired = replace(samples.NOTHING, proof=LastProof(started=samples.STARTED, probes=())).verdict
    assert "since the last repair" in repaired.says
    failed = replace(samples.NOTHING, proof=LastProof(started=samples.STARTED, probes=(FAILED,))).verdict
    assert f"test containers failed: {FAILED.name}" in failed.says
    assert failed.exit_code == ExitCode.FOUND
    for result in (Result.ERROR, Result.UNPROVEN):
        untested = LastProof(started=samples.STARTED, probes=(replace(FAILED, result=result),))
        verdict = replace(samples.NOTHING, proof=untested).verdict
        assert verdict.exit_code == ExitCode.INCOMPLETE
        assert "nothing to repair" not in verdict.says
    disk = replace(samples.NOTHING, host=replace(samples.NOTHING.host, root="/mnt")).verdict
    assert disk.says.startswith("nothing to repair: ")
    assert disk.exit_code == ExitCode.OK
