"""A condition flips only on what a scan proves; in doubt it is Unknown, and never False."""

import json
import os
from pathlib import Path

import pytest
from doctor.reports import json as json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from doctor.kubernetes import conditions as made
from doctor.kubernetes import report as reports
from doctor.kubernetes.publish import Publishing, conditions
from doctor.model.errors import DoctorError, UsageError
from doctor.model.outcome import Result
from doctor.model.report import HostInfo, Report, ScanReport
from doctor.model.verdict import Scope
from tests.unit.reports import samples

ALL = made.ConditionRule(made.DEFAULT)
NETWORK = made.ConditionRule("ContainerNetworkProblem", ("network", "firewall"))


def read(report: Report) -> reports.NodeReport:
    return reports.decode(json_format.render(report), "/reports/scan.json")


def wanted(report: Report, rule: made.ConditionRule = ALL) -> made.NodeCondition:
    return made.wanted(rule, read(report))


@pytest.mark.parametrize(
    ("report", "status", "reason"),
    [
        (samples.HEALTHY, "False", "NoProblemFound"),
        (samples.CLEAR, "False", "NoProblemFound"),
        (replace(samples.CLEAR, findings=(samples.WAIVED,)), "False", "NoProblemFound"),
        (samples.BROKEN, "True", "StateNetworkDbCorrupt"),
        (replace(samples.INCOMPLETE, findings=(samples.FORWARD,)), "True", "NetworkIpForwardOff"),
        (samples.INCOMPLETE, "Unknown", "ScanIncomplete"),
        (samples.NOT_ROOT, "Unknown", "ScanIncomplete"),
        (samples.NOTHING_RAN, "Unknown", "ScanIncomplete"),
        (replace(samples.CLEAR, outcomes=(), scope=Scope()), "Unknown", "ScanIncomplete"),
        (replace(samples.CLEAR, probes=samples.PROBES), "True", "ProblemFound"),
    ],
)
def test_the_verdict_of_the_whole_host(report: ScanReport, status: str, reason: str) -> None:
    found = wanted(report)
    assert (found.status, found.reason) == (status, reason)
    assert (found.status == "False") == report.verdict.is_green


@pytest.mark.parametrize("incomplete", [False, True])
@pytest.mark.parametrize("result", list(Result))
def test_a_part_is_false_only_if_all_of_it_was_examined(result: Result, incomplete: bool) -> None:
    """One blind check of the area makes it Unknown; a blind one elsewhere does not matter."""
    ran = samples.OUTCOMES[0]
    area = replace(ran, id="network/ip-forward-off", result=result, incomplete=incomplete)
    elsewhere = replace(ran, id="dns/x", result=Result.ERROR, incomplete=True)
    found = wanted(replace(samples.CLEAR, outcomes=(area, elsewhere)), NETWORK)
    is_proven = result in {Result.PASS, Result.FAIL} and not incomplete
    assert found.status == ("False" if is_proven else "Unknown")


def test_a_part_has_its_own_problems() -> None:
    assert wanted(replace(samples.CLEAR, findings=(samples.FORWARD,)), NETWORK).status == "True"
    assert wanted(replace(samples.CLEAR, findings=(samples.LOGS,)), NETWORK).status != "True"
    assert wanted(samples.NOTHING_RAN, NETWORK).status == "Unknown"
    one = made.ConditionRule("X", ("network/ip-forward-off",))
    assert wanted(replace(samples.CLEAR, findings=(samples.FORWARD,)), one).status == "True"


def test_the_message_names_the_problems_and_fits() -> None:
    found = wanted(samples.BROKEN)
    assert found.message.startswith("4 problems found, 2 checks incomplete; the network database is corrupt")
    assert "[network/ip-forward-off]" in found.message
    long = replace(samples.FORWARD, message="größe😀" * 400)
    assert len(wanted(replace(samples.CLEAR, findings=(long,))).message.encode()) <= made.LONGEST_BYTES


JOB = Publishing(path="", node="n", rules=(ALL, NETWORK), oldest_s=2100.0)


def statuses(path: Path, now: float) -> set[tuple[str, str]]:
    return {(one.status, one.reason) for one in conditions(replace(JOB, path=str(path)), now)}


def test_an_old_scan_proves_nothing(tmp_path: Path) -> None:
    """Nor does one of the future: the clock was set back."""
    file = tmp_path / "scan.json"
    file.write_bytes(json_format.render(samples.HEALTHY))
    began = samples.HEALTHY.started
    assert {status for status, _ in statuses(file, began + 2000)} == {"False"}
    assert statuses(file, began + 2200) == {("Unknown", "ScanTooOld")}
    assert statuses(file, began - 2200) == {("Unknown", "ScanTooOld")}


GOOD = json.loads(json_format.render(samples.HEALTHY))
HOSTILE = {
    "empty": b"",
    "half": json_format.render(samples.HEALTHY)[:-40],
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "another schema": json.dumps(GOOD | {"schema_version": "2"}).encode(),
    "a plan": json_format.render(samples.PLAN),
    "a supposed upgrade": json.dumps(GOOD | {"for_engine": "29.0"}).encode(),
    "a mounted disk": json_format.render(replace(samples.HEALTHY, host=HostInfo(name="x", root="/mnt"))),
    "changes only": json_format.render(replace(samples.BROKEN, hidden=(samples.FORWARD.fingerprint,))),
    "an unknown severity": json.dumps(GOOD | {"fail_on": "none"}).encode(),
    "a time of another kind": json.dumps(GOOD | {"started": "yesterday"}).encode(),
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_scan_of_this_node_makes_it_unknown(name: str, tmp_path: Path) -> None:
    file = tmp_path / "scan.json"
    file.write_bytes(HOSTILE[name])
    assert statuses(file, samples.HEALTHY.started) == {("Unknown", "NoScan")}


def test_nor_is_a_link_a_fifo_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(json_format.render(samples.HEALTHY))
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo", "missing", "."):
        assert statuses(tmp_path / name, samples.HEALTHY.started) == {("Unknown", "NoScan")}
    with pytest.raises(DoctorError, match="no scan has finished yet"):
        reports.read(str(tmp_path / "missing"))


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_no_bytes_are_a_traceback(raw: bytes) -> None:
    with pytest.raises(DoctorError):
        reports.decode(raw, "x")


@pytest.mark.parametrize("text", ["Ready", "DiskPressure", "", "a b", "x/y", "=network", "Ä"])
def test_a_condition_of_kubernetes_itself_is_never_set(text: str) -> None:
    with pytest.raises(UsageError):
        made.parse(text)


def test_the_time_of_the_last_change_is_kept() -> None:
    one = made.unknown(ALL, "NoScan", "x")
    old = {ALL.type: {"status": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"}}
    (entry,) = made.patch([one], old, 1_800_000_000)["status"]["conditions"]
    assert (entry["lastTransitionTime"], entry["lastHeartbeatTime"]) == ("2026-01-01T00:00:00Z", "2027-01-15T08:00:00Z")
    for strange in (
        {},
        {ALL.type: {"status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}},
        {ALL.type: {"status": "Unknown", "lastTransitionTime": None}},
    ):
        (entry,) = made.patch([one], strange, 1_800_000_000)["status"]["conditions"]
        assert entry["lastTransitionTime"] == "2027-01-15T08:00:00Z"
