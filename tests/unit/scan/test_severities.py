"""How bad a finding is depends on what else the host says: doubt and closed doors are remarks, never alarms."""

from pathlib import Path

import pytest

from doctor.facts.network.dns import RESOLVED, STUB, HostDns, ServerList
from doctor.formats.network.resolv_conf import parse
from doctor.model.finding import Finding
from doctor.plugins.load import load as load_catalog
from doctor.scan.run import scan
from tests.cases.case import find

CATALOG = load_catalog()


def found(case: str, where: Path) -> dict[tuple[str, str], Finding]:
    """The findings of a recorded case, by id and subject."""
    folder = find(case)
    result = scan(folder.build(where / "host"), CATALOG, CATALOG.choose(folder.select, ()))
    return {(finding.id, finding.subject.name): finding for finding in result.findings}


@pytest.mark.parametrize(
    ("case", "subject", "word"),
    [
        ("network/ip-forward-off/by-hand", "net.ipv4.ip_forward", "critical"),
        ("network/ip-forward-off/engine-told-not-to", "net.ipv4.ip_forward", "info"),
        ("network/conntrack-full/almost", "net.netfilter.nf_conntrack_max", "error"),
        ("network/pool-exhausted/one-left", "address pools", "info"),
        ("network/pool-exhausted/all-taken", "address pools", "warning"),
        ("kernel/vulnerable/copy-fail-own-build", "CVE-2026-31431", "error"),
        ("kernel/vulnerable/copy-fail-closed-by-hand", "CVE-2026-31431", "info"),
        ("kernel/vulnerable/debian-changelog-names-not", "CVE-2026-31431", "warning"),
        ("versions/possibly-vulnerable/kernel-of-a-vendor", "host", "info"),
        ("kernel/vulnerable/several", "CVE-2022-0847", "error"),
        ("kernel/vulnerable/several", "CVE-2024-1086", "info"),  # user.max_user_namespaces is 0
        ("kernel/vulnerable/several", "CVE-2022-23222", "info"),  # BPF is for root only
        ("cgroups/controller-missing/v1-not-mounted", "pids", "error"),
        ("cgroups/controller-missing/v1-not-mounted", "cpuset", "warning"),
        ("namespaces/missing/small-kernel", "net", "critical"),
        ("namespaces/missing/remap-without-user", "user", "error"),
        ("resources/disk-full/data-root", "/var/lib/docker", "critical"),
        ("resources/disk-full/log-disk", "/var/log", "warning"),
        ("resources/memory/leak", "host", "error"),
        ("versions/held-or-half-installed/held", "containerd", "info"),
        ("versions/vulnerable/leaky-vessels", "CVE-2024-21626", "error"),
        ("versions/vulnerable/leaky-vessels", "CVE-2026-41579", "info"),
    ],
)
def test_a_finding_is_as_bad_as_the_host_makes_it(case: str, subject: str, word: str, tmp_path: Path) -> None:
    identity = "/".join(case.split("/")[:2])
    assert found(case, tmp_path)[identity, subject].level.word == word


def test_a_closed_door_is_named(tmp_path: Path) -> None:
    """The message names what keeps a vulnerability out of reach."""
    finding = found("kernel/vulnerable/several", tmp_path)["kernel/vulnerable", "CVE-2024-1086"]
    assert "user.max_user_namespaces = 0" in finding.message


def test_what_is_exposed_is_named(tmp_path: Path) -> None:
    finding = found("kernel/vulnerable/copy-fail-own-build", tmp_path)["kernel/vulnerable", "CVE-2026-31431"]
    assert ("exposed until then", "every container, and local users") in {(e.source, e.value) for e in finding.evidence}
    assert any(evidence.source == "table of vulnerabilities" for evidence in finding.evidence)


def servers(text: str) -> tuple[ServerList, ...]:
    return (ServerList(path=RESOLVED, config=parse(text)),)


def test_the_stub_is_linked_only_while_it_answers() -> None:
    """Otherwise the real servers behind it; and nothing is invented."""
    lists = servers("nameserver 192.0.2.53\n")
    alive = HostDns(kind="", lists=lists, has_stub_file=True, answers=frozenset({"127.0.0.53"}))
    dead = HostDns(kind="", lists=lists, has_stub_file=True, answers=frozenset())
    assert alive.replacement == STUB
    assert dead.replacement == RESOLVED
    assert HostDns(kind="", lists=servers("nameserver 127.0.0.1\n"), answers=frozenset()).replacement is None
