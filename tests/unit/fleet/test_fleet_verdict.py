"""The verdict on many hosts is a promise: green only if every host is, and if nothing was left out."""

from pathlib import Path
from typing import Any

import pytest

from doctor.model.exit_code import ExitCode
from doctor.model.fleet.report import FleetReport
from doctor.model.severity import Severity
from doctor.model.verdict import VerdictState
from tests.unit.fleet.fleet_kit import DAY, HOUR, finding, healthy, merged, report, write

WRONG = finding("engine/shim-missing", "critical")


def test_healthy_only_if_each_report_says_so(tmp_path: Path) -> None:
    write(tmp_path, healthy("a"), healthy("b"))
    assert merged(tmp_path).verdict.state is VerdictState.HEALTHY
    write(tmp_path, report("c"))
    found = merged(tmp_path)
    assert (found.verdict.state, found.exit_code) == (VerdictState.CLEAR, ExitCode.OK)
    assert found.verdict.says == "no problem found on 3 hosts"


def test_no_report_is_not_green(tmp_path: Path) -> None:
    found = merged(tmp_path)
    assert (found.verdict.state, found.exit_code) == (VerdictState.INCOMPLETE, ExitCode.INCOMPLETE)
    assert found.verdict.says == "no report was read, so nothing is known"


def test_the_worst_host_decides(tmp_path: Path) -> None:
    write(tmp_path, healthy("a"), report("b", WRONG), report("c", verdict={"state": "incomplete", "says": "?"}))
    found = merged(tmp_path)
    assert (found.verdict.state, found.exit_code, found.verdict.worst) == (VerdictState.PROBLEMS, 1, Severity.CRITICAL)
    assert found.verdict.says == "1 of 3 hosts has problems, the worst is critical; 1 not examined completely"
    assert [host.title for host in found.hosts] == ["b", "c", "a"]


INCOMPLETE: dict[str, dict[str, Any]] = {
    "its verdict": report("b", verdict={"state": "incomplete", "says": "?"}),
    "stale": healthy("b", ago=2 * DAY + HOUR),
    "from the future": healthy("b", ago=-DAY),
    "healthy with a check that could not look": healthy(
        "b", outcomes=[{"id": "a/b", "outcome": "skip", "reason": "no root", "incomplete": True}]
    ),
    "few checks": report("b", verdict={"ran": 3}),
    "no check": report("b", verdict={"state": "healthy", "says": "healthy", "ran": 0, "installed": 0}, outcomes=[]),
}


@pytest.mark.parametrize("doubtful", INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_doubt_is_incomplete(tmp_path: Path, doubtful: dict[str, Any]) -> None:
    write(tmp_path, healthy("a"), doubtful)
    found = merged(tmp_path)
    assert (found.verdict.state, found.exit_code) == (VerdictState.INCOMPLETE, ExitCode.INCOMPLETE)
    (host,) = [host for host in found.hosts if host.title == "b"]
    assert host.state is VerdictState.INCOMPLETE


def test_a_file_that_is_no_report_is_incomplete(tmp_path: Path) -> None:
    write(tmp_path, healthy("a"))
    (tmp_path / "b.json").write_text('{"schema_version": "1", "kind": "scan", "host"')
    found = merged(tmp_path)
    assert found.exit_code is ExitCode.INCOMPLETE
    assert found.unread == ((str(tmp_path / "b.json"), "it is truncated: copy it again"),)
    assert "1 file could not be read" in found.verdict.says


def test_an_expected_host_without_a_report_is_incomplete(tmp_path: Path) -> None:
    write(tmp_path, healthy("a"))
    found = merged(tmp_path, expected=("a", "b"))
    assert (found.missing, found.exit_code) == (("b",), ExitCode.INCOMPLETE)


def test_a_stale_report_keeps_its_problems(tmp_path: Path) -> None:
    write(tmp_path, report("a", WRONG, ago=9 * DAY))
    found = merged(tmp_path)
    assert found.exit_code is ExitCode.FOUND
    assert found.hosts[0].stale
    assert found.findings[0].stale == 1
    assert "1 with a stale report" in found.verdict.says
    assert not merged(tmp_path, stale_after=None).hosts[0].stale


LIES: dict[str, dict[str, Any]] = {
    "a problem in a healthy report": report("a", WRONG, verdict={"state": "healthy", "problems": 0, "worst": None}),
    "a failed test container": healthy("a", probes=[{"name": "start", "outcome": "fail"}]),
    "a count": report("a", verdict={"state": "clear", "problems": 2}),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_report_that_contradicts_itself_is_judged_by_its_worse_part(tmp_path: Path, lie: dict[str, Any]) -> None:
    write(tmp_path, lie)
    assert merged(tmp_path).exit_code is ExitCode.FOUND


def test_waived_findings_are_no_problem_and_are_shown(tmp_path: Path) -> None:
    write(tmp_path, report("a", WRONG | {"waived": "known, until May"}), report("b", WRONG), report("c"))
    found: FleetReport = merged(tmp_path)
    (shown,) = found.findings
    assert (shown.hosts, shown.waived) == (("b",), ("a",))
    assert {host.title: host.state for host in found.hosts}["a"] is VerdictState.CLEAR
    assert found.exit_code is ExitCode.FOUND


def test_fail_on_of_the_scan_decides_what_a_problem_is(tmp_path: Path) -> None:
    mild = finding("logging/unbounded", "warning")
    write(tmp_path, report("a", mild, fail_on="error", verdict={"state": "clear", "problems": 0}))
    found = merged(tmp_path)
    assert (found.exit_code, found.findings[0].is_problem) == (ExitCode.OK, False)


def test_a_host_with_problems_also_shows_its_gaps(tmp_path: Path) -> None:
    """More may be wrong than was found."""
    gap = {"id": "a/b", "outcome": "error", "reason": "no root", "incomplete": True}
    write(tmp_path, report("a", WRONG, outcomes=[gap]))
    (host,) = merged(tmp_path).hosts
    assert (host.state, host.doubts) == (VerdictState.PROBLEMS, ("no root",))
