"""Firewall faults on a running host: real traffic dies, doctor names and repairs it, nothing restarts, undo reverses it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import CHECKOUT
from tests.live.network.firewall_kit import (
    API,
    EVERYTHING,
    FLUSHED,
    PIDS,
    USERS_MARKS,
    USERS_OWN,
    WHO,
    found,
    others,
    processes,
    rules,
    tables,
    wrong,
)

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def prepared(can_box: None) -> Iterator[Box]:
    """A box with two networks, an internal one, four containers, and an administrator's own rules."""
    with Box() as box:
        box.start_dockerd("--live-restore")
        box.load_images()
        box.docker("network", "create", "--subnet", "10.88.0.0/24", "app")
        box.docker("network", "create", "--internal", "inner")
        run = ("run", "-d", "--stop-timeout", "1")
        serve = ("com:1", "httpd", "-f", "-p", "80", "-h", "/www")
        box.docker(*run, "--name", "web", "-p", "8080:80", "-p", "127.0.0.1:8082:80", "-p", "9090:90", *serve)
        box.docker(*run, "--name", "api", "--network", "app", "--ip", API, "-p", "8081:80", *serve)
        box.docker(*run, "--name", "front", "--network", "app", *serve)
        pid = box.docker("inspect", "-f", "{{.State.Pid}}", "web")
        box.start(["nsenter", "-t", pid, "-n", str(CHECKOUT / ".venv/bin/python"), "-I", "-c", WHO])
        box.run(["iptables-restore", "--noflush"], input=USERS_OWN)
        # The scan of a healthy host keeps what nobody else knows: the rules of DOCKER-USER, and the policy.
        scan = box.doctor("scan")
        assert (scan.returncode, box.exists("/var/lib/doctor/metadata/network.json")) == (0, True), scan.stdout
        yield box


@pytest.fixture
def box(prepared: Box) -> Iterator[Box]:
    """The prepared box with its rules as they were, whatever a test left."""
    good = prepared.run(["iptables-save"]).stdout
    yield prepared
    for name in ("iptables", "iptables-save", "iptables-restore"):
        prepared.run(
            ["ln", "-sf", f"/usr/sbin/{name.replace('iptables', 'iptables-nft')}", f"/etc/alternatives/{name}"]
        )
    prepared.run(["sh", "-c", "nft flush ruleset; iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT"])
    prepared.run(["iptables-nft-restore"], input=good)


def ipt(line: str) -> Callable[[Box], None]:
    """A fault made by shell commands."""
    return lambda box: void(box.run(["sh", "-ec", line]))


def void(_: object) -> None:
    """Drop a result."""


def delete(box: Box, pattern: str, table: str = "filter") -> None:
    """Delete the one rule that matches."""
    (line,) = [
        line for line in box.run(["iptables", "-t", table, "-S"]).stdout.splitlines() if re.search(pattern, line)
    ]
    box.run(["sh", "-ec", f"iptables -t {table} {line.replace('-A', '-D', 1)}"])


def legacy_drop(box: Box) -> None:
    box.run(["iptables-legacy", "-P", "FORWARD", "DROP"])


NFT_FW = "table inet fw { chain forward { type filter hook forward priority 10; policy drop; ct state established,related accept; }; }"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, the traffic that it breaks, and doctor's finding.

    Attributes:
        restores: whether the rules after the repair are those of before the fault, line by line.
    """

    name: str
    make: Callable[[Box], None]
    dead: tuple[str, ...]
    ids: tuple[str, ...]
    allow: str = "safe"
    restores: bool = False


FAULTS = (
    Fault(name="filter flushed", make=ipt("iptables -F FORWARD; iptables -F DOCKER; iptables -F DOCKER-ISOLATION-STAGE-1; iptables -F DOCKER-ISOLATION-STAGE-2"), dead=EVERYTHING, ids=("rules-flushed",), restores=True),
    Fault(name="nat flushed", make=ipt("iptables -t nat -F"), dead=("egress of docker0", "egress of app", "client's address"), ids=("rules-flushed",), restores=True),
    Fault(name="FORWARD flushed", make=ipt("iptables -F FORWARD"), dead=EVERYTHING, ids=("rules-flushed",), restores=True),
    Fault(name="ports of nat flushed", make=ipt("iptables -t nat -F DOCKER"), dead=("client's address",), ids=("rules-flushed",), restores=True),
    Fault(name="masquerade deleted", make=partial(delete, pattern=r"-s 10\.88\.0\.0/24 ! -o", table="nat"), dead=("egress of app",), ids=("masquerade-missing",), restores=True),
    Fault(name="DNAT deleted", make=partial(delete, pattern="--dport 9090 -j DNAT", table="nat"), dead=("client's address",), ids=("dnat-missing",), restores=True),
    Fault(name="nat jump deleted", make=partial(delete, pattern="-A PREROUTING", table="nat"), dead=("client's address",), ids=("nat-jump-missing",), restores=True),
    Fault(name="port accept deleted", make=partial(delete, pattern=rf"-A DOCKER -d {re.escape(API)}/32"), dead=("port of app",), ids=("port-accept-missing",), restores=True),
    Fault(name="established deleted", make=partial(delete, pattern="-A FORWARD -o docker0 -m conntrack"), dead=("egress of docker0",), ids=("established-missing",), restores=True),
    Fault(name="outbound accept deleted", make=partial(delete, pattern="-A FORWARD -i docker0 ! -o docker0"), dead=("egress of docker0",), ids=("outbound-accept-missing",), restores=True),
    Fault(name="jump to DOCKER deleted", make=partial(delete, pattern="-A FORWARD -o docker0 -j DOCKER"), dead=("port of docker0",), ids=("docker-jump-missing",), restores=True),
    Fault(name="half of isolation deleted", make=partial(delete, pattern="-A DOCKER-ISOLATION-STAGE-2 -o br-"), dead=(), ids=("isolation-missing",), restores=True),
    Fault(name="isolation deleted", make=partial(delete, pattern="-A FORWARD -j DOCKER-ISOLATION"), dead=("from docker0 to app",), ids=("isolation-missing",), restores=True),
    Fault(name="isolation bypassed", make=ipt("iptables -I DOCKER-ISOLATION-STAGE-1 -j RETURN"), dead=("from docker0 to app",), ids=("isolation-bypassed",)),
    Fault(name="isolation drops all", make=ipt("iptables -I DOCKER-ISOLATION-STAGE-2 -j DROP"), dead=("egress of docker0", "egress of app"), ids=("isolation-drops-all",)),
    Fault(name="DOCKER-USER jump gone", make=ipt("iptables -D FORWARD -j DOCKER-USER"), dead=(), ids=("docker-user-missing",), restores=True),
    Fault(name="reject first", make=ipt("iptables -I FORWARD -j REJECT --reject-with icmp-host-prohibited"), dead=EVERYTHING, ids=("foreign-reject-first",)),
    Fault(name="drop between", make=ipt("iptables -I FORWARD 3 -j DROP"), dead=EVERYTHING, ids=("docker-jump-shadowed",)),
    Fault(name="accepted above masquerading", make=ipt("iptables -t nat -I POSTROUTING -j ACCEPT"), dead=("egress of docker0", "egress of app"), ids=("nat-postrouting-shadowed",)),
    Fault(name="stale DNAT", make=ipt("iptables -t nat -I DOCKER 3 ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.99:80"), dead=("port of docker0",), ids=("dnat-stale",), restores=True),
    Fault(name="nft table drops", make=ipt(f"nft '{NFT_FW}'"), dead=("egress of docker0", "egress of app", "port of docker0"), ids=("foreign-base-chain-drop",), restores=True, allow="disruptive"),
    Fault(name="legacy policy drops", make=legacy_drop, dead=EVERYTHING, ids=("mixed-backends",), allow="disruptive"),
    Fault(name="two at once", make=ipt("iptables -t nat -F POSTROUTING; iptables -t nat -A POSTROUTING -s 192.168.77.0/24 -o tun0 -j MASQUERADE; iptables -I FORWARD -j REJECT"), dead=EVERYTHING, ids=("foreign-reject-first", "rules-flushed")),
)  # fmt: skip


def test_the_prepared_host_is_healthy(box: Box) -> None:
    """All traffic does what it should, and doctor has nothing to say of the firewall."""
    assert wrong(box) == []
    assert found(box) == []


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name) for fault in FAULTS])
def test_a_fault_is_named_repaired_and_undone(box: Box, fault: Fault) -> None:
    """Traffic fails; scan 1; fix 0 and traffic is back with the same processes; scan 0; undo gives the broken rules back."""
    good, before = rules(box), processes(box)
    fault.make(box)
    broken, broken_legacy = rules(box), rules(box, "iptables-legacy-save")
    assert wrong(box, fault.dead) == list(fault.dead)
    assert sorted(found(box)) == sorted(fault.ids)

    fix = box.doctor("fix", "firewall", "--apply", "--yes", "--allow", fault.allow)
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert wrong(box) == []
    assert processes(box) == before
    assert found(box) == []
    after = rules(box)
    foreign = [line for line in broken if line not in good and "172.17.0.99" not in line]
    assert others(after, foreign) == others(broken, foreign)
    if fault.restores:
        assert tables(after, users=False) == tables(good, users=False)

    undone = box.doctor("undo", "--yes")
    print(undone.stdout, undone.stderr)
    assert undone.returncode == 0
    assert rules(box) == broken
    assert rules(box, "iptables-legacy-save") == broken_legacy
    assert sorted(found(box)) == sorted(fault.ids)


def test_after_a_repair_the_rules_are_those_of_before(box: Box) -> None:
    """After 'nft flush ruleset' all rules of the engine stand where dockerd had put them, with DOCKER-USER's and the policy."""
    good = rules(box)
    box.run(["nft", "flush", "ruleset"])
    assert wrong(box, ("egress of docker0", "egress of app")) == ["egress of docker0", "egress of app"]
    assert found(box) == FLUSHED
    fix = box.doctor("fix", "firewall", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert wrong(box) == []
    # An administrator's rules elsewhere are for whatever loads them.
    kept = [
        line for line in good if line.startswith("-A DOCKER-USER ") or not any(mark in line for mark in USERS_MARKS)
    ]
    expected = {name: sorted(lines) for name, lines in tables(kept).items() if name != "*mangle"}
    assert {name: sorted(lines) for name, lines in tables(rules(box)).items()} == expected
    users = [line for line in rules(box) if line.startswith("-A DOCKER-USER ")]
    assert users == [line for line in good if line.startswith("-A DOCKER-USER ")]
    assert json.loads(box.doctor("fix", "firewall", "--format", "json").stdout)["actions"] == []
    assert found(box) == []
    assert box.docker("run", "--rm", "-p", "9191:80", "bb:1", "true") == ""
    assert box.doctor("undo", "--yes").returncode == 0
    assert rules(box) == []


def test_a_switched_alternative_is_switched_back(box: Box) -> None:
    """New ports fail with the very words of iptables; after the repair they start."""
    box.run(["update-alternatives", "--set", "iptables", "/usr/sbin/iptables-legacy"])
    failed = box.run(["docker", "run", "--rm", "-p", "9191:80", "bb:1", "true"], check=False)
    assert "No chain/target/match by that name" in failed.stderr
    assert found(box) == ["alternatives-switched"]
    fix = box.doctor("fix", "firewall", "--apply", "--yes")
    print(fix.stdout, fix.stderr)
    assert fix.returncode == 0
    assert box.docker("run", "--rm", "-p", "9191:80", "bb:1", "true") == ""
    assert found(box) == []
    assert box.doctor("undo", "--yes").returncode == 0
    assert box.run(["readlink", "/etc/alternatives/iptables"]).stdout.strip() == "/usr/sbin/iptables-legacy"


def test_only_the_administrator_removes_their_drop(box: Box) -> None:
    """A drop of everything in DOCKER-USER is reported and not changed."""
    box.run(["iptables", "-I", "DOCKER-USER", "-j", "DROP"])
    assert wrong(box, ("egress of docker0",)) == ["egress of docker0"]
    assert found(box) == ["docker-user-drops"]
    before = rules(box)
    fix = box.doctor("fix", "firewall", "--apply", "--yes", "--allow", "destructive")
    assert fix.returncode == 1
    assert "--choose 'firewall/docker-user-drops:filter -A DOCKER-USER -j DROP=delete'" in fix.stdout
    assert rules(box) == before


def test_without_iptables_doctor_says_so(box: Box) -> None:
    box.run(["mv", "/usr/sbin/iptables", "/usr/sbin/iptables.away"])
    try:
        assert found(box) == ["iptables-missing"]
    finally:
        box.run(["mv", "/usr/sbin/iptables.away", "/usr/sbin/iptables"])


def test_rules_are_restored_while_the_engine_is_dead(box: Box) -> None:
    """The engine was killed, its containers live: what they need is computed from its files, and they are back."""
    names = ("web", "api", "front")
    PIDS.update({name: box.docker("inspect", "-f", "{{.State.Pid}}", name) for name in names})
    before = processes(box)[1]
    box.run(["kill", "-9", *map(str, box.pids("dockerd"))])
    try:
        box.run(["nft", "flush", "ruleset"])
        assert wrong(box, ("egress of docker0", "egress of app")) == ["egress of docker0", "egress of app"]
        assert found(box) == FLUSHED
        fix = box.doctor("fix", "firewall", "--apply", "--yes")
        print(fix.stdout, fix.stderr)
        assert not box.engine_answers()
        assert wrong(box, (*EVERYTHING, "client's address", "within app", "from docker0 to app")) == []
        assert found(box) == []
        assert processes(box)[1] == before
    finally:
        box.start_dockerd("--live-restore")
    assert wrong(box) == []
    # dockerd finds its rules there and makes none twice.
    saved = [line for line in rules(box) if line.startswith("-A") and "DOCKER" in line]
    assert len(saved) == len(set(saved))
    assert found(box) == []


def _ruleset(box: Box) -> str:
    """Return all rules of nft without their counters and handles of packets."""
    return re.sub(r"packets \d+ bytes \d+", "", box.run(["nft", "list", "ruleset"]).stdout)


def test_an_undo_leaves_no_chain_and_no_table_that_the_repair_made(box: Box) -> None:
    """A reload of nftables.service flushed everything: what iptables made on its way to the engine's rules goes with them."""
    flush = """flush ruleset
table inet mine {
    chain forward {
        type filter hook forward priority 0; policy drop;
    }
}
table ip filter {
    chain OUTPUT {
        type filter hook output priority 0;
    }
}
"""
    box.run(["nft", "-f", "-"], input=flush)
    before = _ruleset(box)
    for later in ("", "iptables -A FORWARD -s 203.0.113.7 -j DROP"):
        done = box.doctor("fix", "--apply", "--yes", "--allow", "disruptive", timeout=120)
        assert (done.returncode, box.fetch(8080).strip()) == (0, "com"), done.stdout
        box.run(["sh", "-c", later])
        done = box.doctor("undo", "--yes", timeout=120)
        assert done.returncode == 0, done.stderr
        if not later:
            assert _ruleset(box) == before
    assert "chain FORWARD of table ip filter stays: something uses it since" in done.stderr
    assert "203.0.113.7" in _ruleset(box)
    assert "ip nat" not in _ruleset(box)
