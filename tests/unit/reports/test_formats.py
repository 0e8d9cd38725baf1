"""Each format on the shared samples: what is kept in the tree, and what its readers rely on."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from doctor.reports import _words, markdown, nagios, prometheus, sarif, text
from doctor.reports.junit import render as junit
from msgspec.structs import replace

from doctor.model.finding import Finding, Subject
from doctor.model.outcome import Outcome, Result
from doctor.model.report import ProbeReport, Report, ScanReport
from doctor.model.severity import Severity
from doctor.plugins.load import load
from tests.unit.reports import golden, samples

CATALOG = load()


def test_renderings_are_those_in_the_tree() -> None:
    """A change of what users see is seen in review; ``python -m tests.unit.reports.golden`` writes it."""
    kept = golden.kept()
    found = golden.renderings()
    assert sorted(kept) == sorted(found)
    assert [name for name in found if found[name] != kept[name]] == []


def test_a_resumed_repair_does_not_say_that_it_resolved_nothing() -> None:
    """The plan, which knows the findings, was of the process that was killed."""
    resumed = replace(samples.REPAIR, resolved=(), remaining=(), manual=(), exit_code=0)
    shown = text.render(resumed).decode()
    assert "0 findings" not in shown
    assert f"\n{len(resumed.actions)} actions done\n" in shown
    assert _words.repaired(resumed) == ("3 actions done; test containers passed: storage, egress", "pass")


def test_each_file_is_a_format_named_after_it() -> None:
    """``--format NAME`` finds reports/NAME.py, and its declaration says the same name."""
    here = {
        file.stem
        for file in (Path(__file__).parents[3] / "reports").iterdir()
        if file.suffix == ".py" and file.name[0] != "_"
    }
    assert here == set(CATALOG.formats)
    for name in here:
        assert CATALOG.report_format(name).declaration.name == name  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(CATALOG.formats))
@pytest.mark.parametrize("report", golden.REPORTS.values(), ids=golden.REPORTS)
def test_a_format_renders_what_it_says_it_can(name: str, report: Report) -> None:
    """And nothing is empty."""
    loaded = CATALOG.report_format(name)
    if report.kind in loaded.declaration.of:  # type: ignore[union-attr]
        assert loaded.function(report).strip()


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (replace(samples.BROKEN, probes=()), "4 problems found, the worst is critical"),
        (samples.CLEAR, "no problem found"),
        (samples.HEALTHY, "healthy; test containers passed: storage, egress, limits, start"),
        (samples.INCOMPLETE, "no problem found, but 2 checks could not examine everything"),
        (
            replace(samples.HEALTHY, findings=(samples.INFO,), probes=samples.PROVEN),
            "no problem found, with 1 remark; test containers passed: storage, egress",
        ),
        (replace(samples.CLEAR, findings=(samples.INFO,)), "no problem found, with 1 remark"),
        (replace(samples.CLEAR, findings=(samples.WAIVED,)), "no problem found, 1 waived (warning)"),
        (
            replace(samples.CLEAR, findings=(samples.LOGS, samples.INFO), fail_on=Severity.CRITICAL),
            "no finding at or above critical, but 1 warning, with 1 remark",
        ),
        (
            samples.NOTHING_RAN,
            "no check ran, so nothing is known about this host: --select dns, --skip dns leaves none of 11 checks",
        ),
        (
            replace(samples.CLEAR, outcomes=samples.OUTCOMES[5:6]),
            "no check could examine anything, so nothing is known about this host: no kubelet on this host",
        ),
        (samples.NARROWED, "no problem found; only 1 of 11 checks ran (--select dns)"),
        (replace(samples.BROKEN, findings=(samples.LOGS,), probes=()), "1 problem found (warning)"),
        (
            replace(samples.CLEAR, probes=(samples.PASSED[3], samples.PROBES[2])),
            "healthy; test containers passed: start; nothing to try for: limits",
        ),
        (
            replace(samples.CLEAR, probes=samples.PASSED[:3]),
            "no problem found; test containers passed: storage, egress, limits",
        ),
        (
            replace(samples.CLEAR, probes=(replace(samples.PASSED[3], untried=("the engine (it has no image)",)),)),
            "no problem found; test containers passed: start; not tried: the engine (it has no image)",
        ),
    ],
)
def test_the_verdict(report: ScanReport, says: str) -> None:
    """Silence is never green: what could not be examined is not healthy, and what was not tried neither."""
    assert report.verdict.says == says


class TestText:
    """The terminal."""

    def test_a_cause_stands_before_its_symptom(self) -> None:
        """And the symptom names it."""
        page = text.render(samples.BROKEN).decode()
        assert page.index("the network database is corrupt") < page.index("dockerd is not running")
        assert "because of state/network-db-corrupt" in page

    def test_many_causes_are_counted(self) -> None:
        """A corrupt root has one for each layer; three are named."""
        first = next(finding for finding in samples.BROKEN.findings if finding.causes)
        layers = tuple(
            replace(
                samples.LOGS,
                id="state/layer-lost",
                subject=Subject("layer", f"l{number}"),
            )
            for number in range(9)
        )
        symptom = replace(first, causes=tuple(layer.fingerprint for layer in layers))
        page = text.render(replace(samples.BROKEN, findings=(*layers, symptom))).decode()
        assert "because of state/layer-lost, l0, l1, l2 and 6 more\n" in page

    def test_no_colour_unless_asked(self) -> None:
        """A pipe gets plain text; the words are the same."""
        plain, coloured = text.render(samples.BROKEN), text.render(samples.BROKEN, colour=True)
        assert b"\x1b" not in plain
        assert re.sub(rb"\x1b\[[0-9;]*m", b"", coloured) == plain

    @pytest.mark.parametrize("width", [40, 80, 200])
    def test_lines_fit(self, width: int) -> None:
        """Except for words that a reader may want to copy."""
        for line in text.render(samples.REPAIRED, width=width).decode().split("\n"):
            assert len(line) <= width or len(line.split()) <= 2 or line.startswith("    "), line

    def test_verbose_shows_everything(self) -> None:
        """Passes, skips, long evidence."""
        short, long = text.render(samples.BROKEN).decode(), text.render(samples.BROKEN, verbose=True).decode()
        for words in ("the host's resolv.conf names a server", "no kubelet on this host", "start 20 failed"):
            assert words not in short
            assert words in long
        assert "… 8 more lines (--verbose shows all)" in short


class TestNagios:
    """Monitoring."""

    @pytest.mark.parametrize(
        ("report", "code", "word"),
        [
            (samples.BROKEN, 2, "CRITICAL"),
            (replace(samples.BROKEN, findings=(samples.LOGS,), probes=()), 1, "WARNING"),
            (replace(samples.BROKEN, findings=(samples.LOGS,), fail_on=Severity.CRITICAL, probes=()), 3, "UNKNOWN"),
            (replace(samples.HEALTHY, findings=(samples.INFO,)), 0, "OK"),
            (replace(samples.HEALTHY, findings=(samples.INFO,), fail_on=Severity.INFO), 1, "WARNING"),
            (samples.HEALTHY, 0, "OK"),
            (samples.INCOMPLETE, 3, "UNKNOWN"),
            (samples.PROBED, 2, "CRITICAL"),
            (replace(samples.PROBED, probes=samples.PROVEN), 0, "OK"),
            (replace(samples.PROBED, probes=()), 3, "UNKNOWN"),
            (samples.PLAN, 3, "UNKNOWN"),
        ],
    )
    def test_code_and_word_agree(self, report: Report, code: int, word: str) -> None:
        """One line, at most one bar."""
        line = nagios.render(report).decode()
        assert nagios.exit_code(report) == code
        assert line.startswith(f"CONTAINERS {word} - ")
        assert line.count("\n") == 1
        assert line.count("|") <= 1

    def test_the_cause_is_what_wakes_a_person(self) -> None:
        """Not its symptom."""
        assert b"the network database is corrupt" in nagios.render(samples.BROKEN)


class TestPrometheus:
    """Metrics."""

    def test_a_host_without_a_problem_has_zeros(self) -> None:
        """So that absence can raise an alarm."""
        lines = prometheus.render(samples.HEALTHY).decode().split("\n")
        for level in ("critical", "error", "warning", "info"):
            assert f'doctor_findings{{severity="{level}"}} 0' in lines

    def test_no_series_twice(self) -> None:
        """Names that differ only in how a control character is written would look alike."""
        twice = tuple(
            Finding(id="a/b", subject=Subject("file", name), message="m", severity=Severity.ERROR)
            for name in ("x\x1b", "x\\x1b", "x")
        )
        lines = prometheus.render(replace(samples.BROKEN, findings=twice)).decode().split("\n")
        series = [line.rpartition(" ")[0] for line in lines if line and not line.startswith("#")]
        assert len(series) == len(set(series))

    def test_a_probe_that_could_not_run_has_no_sample(self) -> None:
        """Neither success nor failure is known."""
        page = prometheus.render(samples.PROBED).decode()
        assert 'doctor_probe_success{probe="egress"} 0' in page
        assert 'probe="limits"' not in page


class TestJunit:
    """CI systems."""

    def test_counts_are_those_of_the_elements(self) -> None:
        """A service believes the attributes."""
        top = ET.fromstring(junit(samples.BROKEN))
        for suite in [top, *top.iter("testsuite")]:
            cases = list(suite.iter("testcase"))
            assert int(suite.attrib["tests"]) == len(cases)
            for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                if suite is top and attribute == "skipped":
                    continue  # Jenkins' schema has no such attribute there.
                assert int(suite.attrib[attribute]) == sum(1 for case in cases if case.find(element) is not None)

    def test_what_fails_is_what_makes_the_scan_fail(self) -> None:
        """A remark and a waived finding are shown and do not fail."""
        failed = {
            f"{case.attrib['classname']}/{case.attrib['name']}"
            for case in ET.fromstring(junit(samples.BROKEN)).iter("testcase")
            if case.find("failure") is not None and case.attrib["classname"] != "probe"
        }
        assert failed == {"doctor/verdict", *(finding.id for finding in _words.problems(samples.BROKEN))}

    def test_a_finding_does_not_hide_a_gap(self) -> None:
        """A remark of a check that could not examine everything is an error, not a pass."""
        report = replace(
            samples.HEALTHY,
            findings=(samples.INFO,),
            outcomes=(Outcome(id=samples.INFO.id, result=Result.FAIL, incomplete=True, reason="denied"),),
        )
        case = next(case for case in ET.fromstring(junit(report)).iter("testcase") if case.attrib["name"] != "verdict")
        assert case.find("error") is not None


class TestSarif:
    """Code scanning."""

    def test_results_point_to_their_rules(self) -> None:
        """By id and by index."""
        run = json.loads(sarif.render(samples.BROKEN))["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        assert len(run["results"]) == len(samples.BROKEN.findings)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]

    def test_a_file_is_a_place(self) -> None:
        """Any name a file can have becomes a valid address."""
        name = b"/var/lib/a b%\xe9\x1b\xe2\x82\xac".decode("utf-8", "surrogateescape")
        finding = replace(samples.DATABASE, subject=Subject("file", name))
        result = json.loads(sarif.render(replace(samples.BROKEN, findings=(finding,))))["runs"][0]["results"][0]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert place["uri"].isascii()
        assert place["uriBaseId"] == "ROOT"
        assert "/" + unquote(urlsplit(place["uri"]).path, errors="surrogateescape") == name

    def test_a_waived_finding_is_suppressed(self) -> None:
        """With the reason."""
        results = json.loads(sarif.render(samples.BROKEN))["runs"][0]["results"]
        suppressed = [result for result in results if "suppressions" in result]
        assert [result["ruleId"] for result in suppressed] == [samples.WAIVED.id]


def test_markdown_fences_are_longer_than_what_they_hold() -> None:
    """A file full of backticks can't end its block."""
    assert markdown.code("a`b``c") == "```a`b``c```"
    assert markdown.code("`x`") == "`` `x` ``"
    assert markdown.block("````\nx")[0] == "`````"


def test_a_probe_report_is_no_scan() -> None:
    """Monitoring asks for either."""
    report = ProbeReport(host=samples.HOST, doctor="0", started=0.0, seconds=0.0, probes=samples.PROVEN)
    assert b"test containers passed: storage, egress" in nagios.render(report)
