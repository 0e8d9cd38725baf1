"""The record of the host's own rules and routes: written when they change, read with its checksum, never by a sick scan."""

from pathlib import Path
from typing import Any

import pytest

from doctor.facts.firewall.expected_rules import ExpectedRules
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.rules import EngineRules, compare
from doctor.facts.network.links import Links, Route
from doctor.formats.firewall import iptables_save
from doctor.history import network_backup
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.finding import Finding, Subject
from doctor.model.missing import Missing, Why
from doctor.model.outcome import Outcome, Result
from doctor.model.probe_result import ProbeResult
from doctor.model.severity import Severity
from doctor.state.metadata import decode
from doctor.state.network_record import NetworkBackup

SAVE = """*filter
:FORWARD {policy} [0:0]
:DOCKER-USER - [0:0]
:office - [0:0]
-A DOCKER-USER -i eth0 -j office
-A DOCKER-USER -j RETURN
-A office ! -s 192.0.2.0/24 -j DROP
COMMIT
"""
LINKS = Links(links=(), routes=(Route(destination="default", device="eth0", gateway="192.0.2.1", protocol="dhcp"),))


def facts(policy: str = "DROP", *, running: bool = True, links: Any = LINKS) -> dict[type, Any]:
    saved = Saved.of(("iptables-nft-save",), iptables_save.parse(SAVE.format(policy=policy)))
    family = compare(4, saved, ExpectedRules(version=4, chains={}))
    return {EngineRules: EngineRules(generation="27", families=(family,), is_running=running), Links: links}


def keep(top: Path, known: dict[type, Any]) -> NetworkBackup:
    host = RootHost(str(top), RecordedAnswers(live=True))
    assert network_backup.take(host, known.__getitem__, directory=str(top)) == ()
    return decode((top / "metadata/network.json").read_bytes(), NetworkBackup)


def test_what_no_engine_can_make_again_is_kept(tmp_path: Path) -> None:
    kept = keep(tmp_path, facts())
    family = kept.families["4"]
    assert family.policy == "DROP"
    assert family.chains == {
        "DOCKER-USER": ("-A DOCKER-USER -i eth0 -j office", "-A DOCKER-USER -j RETURN"),
        "office": ("-A office ! -s 192.0.2.0/24 -j DROP",),
    }
    assert [(route.device, route.gateway) for route in kept.routes] == [("eth0", "192.0.2.1")]
    assert (tmp_path / "metadata/network.json").stat().st_mode & 0o077 == 0


def test_it_is_written_only_where_something_changed(tmp_path: Path) -> None:
    keep(tmp_path, facts())
    path = tmp_path / "metadata/network.json"
    inode = path.stat().st_ino
    keep(tmp_path, facts())
    assert path.stat().st_ino == inode
    assert keep(tmp_path, facts("ACCEPT")).families["4"].policy == "ACCEPT"
    assert path.stat().st_ino != inode


def test_what_can_not_be_seen_now_stays_as_it_was(tmp_path: Path) -> None:
    first = keep(tmp_path, facts())
    gone = Missing(Why.ABSENT, "no ip")
    assert keep(tmp_path, facts("ACCEPT", running=False, links=gone)) == first


def test_a_truncated_or_altered_record_is_not_used(tmp_path: Path) -> None:
    keep(tmp_path, facts())
    path = tmp_path / "metadata/network.json"
    for content in (path.read_bytes()[:-9], path.read_bytes().replace(b"DROP", b"drop"), b"", b"\0" * 99):
        path.write_bytes(content)
        assert keep(tmp_path, facts()).families["4"].policy == "DROP"


@pytest.mark.parametrize(
    ("identity", "severity", "waived", "healthy"),
    [
        ("firewall/docker-user-missing", Severity.WARNING, False, False),
        ("network/no-default-route", Severity.ERROR, False, False),
        ("network/no-default-route", Severity.ERROR, True, True),
        ("firewall/forward-policy-accept", Severity.INFO, False, True),
        ("state/tags", Severity.CRITICAL, False, True),
    ],
)
def test_only_a_scan_that_found_both_areas_healthy_keeps_them(
    identity: str, severity: Severity, waived: bool, healthy: bool
) -> None:
    finding = Finding(subject=Subject("x", "y"), message="", id=identity, severity=severity)
    if waived:
        from msgspec.structs import replace

        finding = replace(finding, waived="known")
    ids = ("firewall/a", "network/b", "state/c")
    ran = [Outcome(id=name, result=Result.PASS) for name in ids]
    assert network_backup.is_healthy([finding], ran, ids) is healthy
    assert not network_backup.is_healthy([], ran[1:], ids)


@pytest.mark.parametrize(("name", "healthy"), [("egress", False), ("port", False), ("logs", True), ("registry", True)])
def test_rules_that_stop_traffic_are_not_kept(name: str, healthy: bool) -> None:
    """No check sees each rule of an administrator that blocks containers; a failed probe does."""
    ran = [Outcome(id="firewall/a", result=Result.PASS)]
    failed = ProbeResult(name=name, proves="", result=Result.FAIL, message="no answer")
    assert network_backup.is_healthy([], ran, ("firewall/a",), (failed,)) is healthy
