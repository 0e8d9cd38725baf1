"""Network namespaces are read as iproute2 and nft show them; reading one leaves nobody in it."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.predict import Request, after
from doctor.facts.path.routing import RouteQuestion
from doctor.formats.netlink import tables
from doctor.formats.netlink.messages import DONE, INTERRUPTED, NetlinkMessage, messages
from doctor.host import netlink
from doctor.host.live import LiveHost
from doctor.host.rtnetlink import dump
from doctor.host.rtnetlink.visit import Visit
from doctor.model.errors import RepairError
from doctor.model.missing import Missing, Why
from doctor.model.step import Netlink

pytestmark = pytest.mark.live
SETUP = """
link set lo up
link add br0 type bridge nf_call_iptables 1
link add v0 type veth peer name eth0 netns {peer}
link set v0 master br0 up
link set v0 type bridge_slave isolated on hairpin on
addr add 10.7.0.1/24 dev br0
addr add fd07::1/64 dev br0 nodad
link set br0 up
link add tun0 type veth peer name tun1
link set tun1 up
link set tun0 up
addr add 10.8.0.1/32 dev tun0
route add 10.9.0.0/16 dev tun0 mtu 1300 metric 7
route add blackhole 10.66.0.0/16
route add 10.10.0.0/16 table 99 via 10.7.0.2 dev br0
route add default nexthop via 10.7.0.2 dev br0 weight 3 nexthop dev tun0
rule add pref 100 fwmark 0x10/0xf0 iif br0 ipproto tcp dport 80-90 lookup 99
rule add pref 200 from 10.7.0.9 to 10.66.0.0/16 prohibit
rule add pref 300 not from 10.7.0.0/24 lookup main suppress_prefixlength 0
neigh add 10.7.0.2 lladdr 02:00:00:00:00:02 dev br0 nud permanent
"""
LISTINGS = 9
"""Links, addresses, routes, rules, neighbours, queues, forwarding entries, tables and rules of nftables."""
PEER = """
link set lo up
link add only9 type veth peer name only8
link set only9 up
link set eth0 up
addr add 10.7.0.2/24 dev eth0
route add default via 10.7.0.1
"""


def inside(pid: int, *argv: str, given: str = "") -> str:
    """Run a program of the host in a namespace."""
    done = subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", *argv],
        input=given,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(pid: int, *words: str) -> list[dict[str, Any]]:
    """Return the objects that ip shows."""
    return [entry for entry in json.loads(inside(pid, "ip", "-j", "-d", *words) or "[]") if entry]


@pytest.fixture(scope="module")
def pids() -> Iterator[tuple[int, int]]:
    """Two processes in namespaces of their own: a small host, and a container on its bridge."""
    holders = [subprocess.Popen(["unshare", "--net", "sleep", "300"]) for _ in range(2)]
    own = os.stat("/proc/self/ns/net").st_ino
    for holder in holders:
        while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == own:
            pass
    host, peer = (holder.pid for holder in holders)
    try:
        inside(host, "ip", "-b", "-", given=SETUP.format(peer=peer))
        inside(peer, "ip", "-b", "-", given=PEER)
        inside(
            host,
            "nft",
            "add table inet mine; add chain inet mine c; add rule inet mine c accept; add table bridge other",
        )
        inside(host, "sysctl", "-q", "net.ipv4.ip_forward=1")
        yield host, peer
    finally:
        for holder in holders:
            holder.send_signal(signal.SIGKILL)
            holder.wait()


@pytest.fixture(scope="module")
def host(pids: tuple[int, int]) -> NetNamespace:
    """The small host, as it is read."""
    found = LiveHost().net_namespaces(pids, ("net.ipv4.ip_forward", "net.none"))[pids[0]]
    assert isinstance(found, NetNamespace)
    return found


def test_links_and_addresses_are_those_of_ip(pids: tuple[int, int], host: NetNamespace) -> None:
    """All fields that both have."""
    names = {link.index: link.name for link in host.links}
    wanted = {
        entry["ifname"]: (
            entry["ifindex"],
            entry["mtu"],
            entry.get("linkinfo", {}).get("info_kind", ""),
            entry.get("master", ""),
            entry["address"],
            {(one["local"], one["prefixlen"], one["scope"]) for one in entry["addr_info"]},
        )
        for entry in shown(pids[0], "addr")
    }
    assert wanted == {
        link.name: (
            link.index,
            link.mtu,
            link.kind,
            names.get(link.master, ""),
            link.mac,
            {(one.address, one.prefix, one.scope) for one in host.addresses if one.link == link.index},
        )
        for link in host.links
    }
    port, bridge = host.named("v0"), host.named("br0")
    assert port is not None
    assert port.port is not None
    assert (port.port.is_isolated, port.port.is_hairpin, port.port.state) == (True, True, 3)
    assert bridge is not None
    assert bridge.bridge is not None
    assert (bridge.bridge.nf_call_iptables, bridge.bridge.filters_vlans) == (1, False)


def test_the_two_ends_of_a_veth_find_each_other(pids: tuple[int, int], host: NetNamespace) -> None:
    """Each has the number of the other and the kernel's id of its namespace."""
    peer = LiveHost().net_namespaces(pids)[pids[1]]
    assert isinstance(peer, NetNamespace)
    outer, inner = host.named("v0"), peer.named("eth0")
    assert outer is not None
    assert inner is not None
    assert (outer.peer_index, inner.peer_index) == (inner.index, outer.index)
    assert outer.peer_namespace is not None
    assert inner.peer_namespace is not None


def test_routes_and_rules_are_those_of_ip(pids: tuple[int, int], host: NetNamespace) -> None:
    """IPv4 routes of all tables; the rules with their conditions."""
    names = {link.index: link.name for link in host.links}
    numbers = {"main": 254, "local": 255}
    wanted = {
        (
            numbers.get(entry.get("table", "main")) or int(entry["table"]),
            entry["type"],
            {"default": "0.0.0.0/0"}.get(entry["dst"], entry["dst"] if "/" in entry["dst"] else entry["dst"] + "/32"),
            entry.get("dev", ""),
            entry.get("gateway", ""),
            entry.get("metric", 0),
        )
        for entry in shown(pids[0], "-4", "route", "show", "table", "all")
    }
    found = {
        (one.table, one.kind, one.destination, names.get(one.link, ""), one.gateway, one.metric)
        for one in host.routes
        if one.version == 4
    }
    assert found == wanted
    assert [one.mtu for one in host.routes if one.destination == "10.9.0.0/16"] == [1300]
    (default,) = (one for one in host.routes if one.destination == "0.0.0.0/0")
    assert [(names[hop.link], hop.gateway, hop.weight) for hop in default.hops] == [
        ("br0", "10.7.0.2", 3),
        ("tun0", "", 1),
    ]
    rules = {rule.priority: rule for rule in host.rules if rule.version == 4}
    assert sorted(rules) == [0, 100, 200, 300, 32766, 32767]
    marked = rules[100]
    assert (marked.mark, marked.mask, marked.iif, marked.ipproto, marked.dport, marked.table) == (
        *(0x10, 0xF0, "br0", 6, (80, 90), 99),
    )
    assert (rules[200].action, rules[200].source, rules[200].destination) == ("prohibit", "10.7.0.9/32", "10.66.0.0/16")
    assert (rules[300].invert, rules[300].suppress_prefix) == (True, 0)


def test_the_rest_of_a_namespace(pids: tuple[int, int], host: NetNamespace) -> None:
    """Neighbours, forwarding entries, queues, tables of nftables and settings."""
    permanent = [one for one in host.neighbours if one.state == 128 and one.version == 4]
    assert [(one.address, one.mac) for one in permanent] == [("10.7.0.2", "02:00:00:00:00:02")]
    listed = json.loads(inside(pids[0], "bridge", "-j", "fdb", "show", "dev", "v0"))
    # The bridge may have learned others since.
    macs = {entry["mac"] for entry in listed if entry.get("state") == "permanent"}
    assert macs
    assert {one.mac for one in host.fdb} >= macs
    assert {one.kind for one in host.qdiscs} >= {"noqueue"}
    assert sorted(host.nft_tables) == [("bridge", "other"), ("inet", "mine")]
    assert host.nft_rules == {"inet mine c": 1}
    assert host.generation > 1
    assert host.sysctls == {"net.ipv4.ip_forward": inside(pids[0], "cat", "/proc/sys/net/ipv4/ip_forward").strip()}
    assert host.inode == os.stat(f"/proc/{pids[0]}/ns/net").st_ino
    assert (host.cut, host.gaps) == ((), ())


def test_the_kernel_answers_where_a_packet_goes(pids: tuple[int, int]) -> None:
    """In both namespaces, in the order of the questions, with the error that each cause has."""
    own, peer = pids
    asked = (
        RouteQuestion(pid=own, destination="10.9.1.1"),
        RouteQuestion(pid=peer, destination="192.0.2.1"),
        RouteQuestion(pid=own, destination="10.66.0.1"),
        RouteQuestion(pid=own, destination="10.66.0.1", source="10.7.0.9", iif=2),
        RouteQuestion(pid=own, destination="10.7.0.1", source="10.7.0.2", iif=2),
        RouteQuestion(pid=own, destination="fd07::2", version=6),
        RouteQuestion(pid=4_000_000, destination="10.9.1.1"),
        RouteQuestion(pid=own, destination="none"),
    )
    found = LiveHost().routes(asked)
    assert [(one.error, one.kind, one.gateway) for one in found] == [
        ("", "unicast", ""),
        ("", "unicast", "10.7.0.1"),
        ("EINVAL", "unicast", ""),
        ("EACCES", "unicast", ""),
        ("", "local", ""),
        ("", "unicast", ""),
        ("unknown", "unicast", ""),
        ("unknown", "unicast", ""),
    ]
    assert (found[0].source, found[1].source, found[4].table) == ("10.8.0.1", "10.7.0.2", 255)


def test_nobody_stays_in_a_foreign_namespace(pids: tuple[int, int]) -> None:
    """Neither after a visit nor after one whose reader fails."""
    own = os.stat("/proc/self/ns/net").st_ino

    def fails(pid: int, _inode: int) -> int:
        raise ValueError(pid)

    with pytest.raises(ValueError, match=str(pids[0])):
        Visit(fails).go(pids[:1], 5)
    refused = Visit(refuses).go(pids, 5)
    assert {one.why for one in refused.values() if isinstance(one, Missing)} == {Why.DENIED}
    LiveHost().net_namespaces(pids)
    tasks = {os.stat(f"/proc/self/task/{task.native_id}/ns/net").st_ino for task in threading.enumerate()}
    assert tasks == {own}


def refuses(_pid: int, _inode: int) -> int:
    """Fail as a read without the privilege does."""
    raise PermissionError(1, "operation not permitted")


def test_a_namespace_that_vanishes_is_an_absence(pids: tuple[int, int]) -> None:
    """Its neighbours are still read; a visit that takes too long ends."""
    found = LiveHost().net_namespaces((pids[0], 4_000_000))
    gone = found[4_000_000]
    assert isinstance(found[pids[0]], NetNamespace)
    assert isinstance(gone, Missing)
    assert gone.why is Why.ABSENT
    late = Visit(waits).go(pids, 0.1)
    assert {one.why for one in late.values() if isinstance(one, Missing)} == {Why.TIMED_OUT}


def waits(_pid: int, _inode: int) -> int:
    """Read for longer than the visit may take."""
    threading.Event().wait(0.3)
    return 0


def test_a_listing_that_changes_meanwhile_is_read_again(pids: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted one is seen, each row is there once; one that is too long is cut, and the next listing is whole."""
    commands = "".join(f"addr add 10.77.{number >> 8}.{number & 255}/32 dev tun0\n" for number in range(2000))
    inside(pids[0], "ip", "-b", "-", given=commands)
    seen: list[NetlinkMessage] = []
    monkeypatch.setattr(dump, "messages", lambda raw: (_noted(message, seen) for message in messages(raw)))
    reads = 0
    changing = threading.Thread(target=lambda: [churn(pids[0]) for _ in range(4)])
    changing.start()
    while changing.is_alive():
        found = LiveHost().net_namespaces(pids[:1])[pids[0]]
        reads += 1
        assert isinstance(found, NetNamespace)
        names = [one.address for one in found.addresses if one.address.startswith("10.77.")]
        assert len(names) == len(set(names))
        assert len(names) == 2000 or "addresses" in found.cut
    changing.join()
    assert any(one.flags & INTERRUPTED for one in seen)
    assert sum(one.kind == DONE for one in seen) > LISTINGS * reads
    monkeypatch.setattr(dump, "MOST_ROWS", 50)

    def read(_pid: int, _inode: int) -> tuple[bool, bool, int]:
        with dump.Dumper(dump.ROUTE) as socket:
            _, first = socket.rows(22, bytes(8), tables.parse_address)
            rules, second = socket.rows(34, bytes(12), tables.parse_rule)
        return first, second, len(rules)

    first, second, count = _one(read, pids[0])
    assert (first, second, count > 4) == (False, True, True)
    inside(pids[0], "ip", "addr", "flush", "to", "10.77.0.0/16")


def _one(read: Callable[[int, int], tuple[bool, bool, int]], pid: int) -> tuple[bool, bool, int]:
    found = Visit(read).go([pid], 5)[pid]
    assert not isinstance(found, Missing)
    return found


def _noted(message: NetlinkMessage, seen: list[NetlinkMessage]) -> NetlinkMessage:
    seen.append(message)
    return message


def churn(pid: int) -> None:
    """Change the addresses, so that a listing is interrupted."""
    inside(pid, "ip", "-b", "-", given="addr add 10.78.0.1/32 dev tun0\naddr del 10.78.0.1/32 dev tun0\n" * 100)


def test_a_change_is_made_in_the_namespace_of_the_step(pids: tuple[int, int]) -> None:
    """It is refused if the process has another one by now; the interface is in no other one, so that a defect harms nobody."""
    inode = os.stat(f"/proc/{pids[1]}/ns/net").st_ino
    down, up = (("link", "set", {"dev": "only9", "state": state}) for state in ("down", "up"))
    netlink.carry_out(Netlink(do=down, pid=pids[1], inode=inode))
    assert "UP" not in shown(pids[1], "link", "show", "only9")[0]["flags"]
    with pytest.raises(RepairError, match="another network namespace"):
        netlink.carry_out(Netlink(do=up, pid=pids[1], inode=1))
    netlink.carry_out(Netlink(do=up, pid=4_000_000, inode=inode, may_fail=True))
    assert "UP" not in shown(pids[1], "link", "show", "only9")[0]["flags"]
    netlink.carry_out(Netlink(do=up, pid=pids[1], inode=inode))
    assert "UP" in shown(pids[1], "link", "show", "only9")[0]["flags"]


CHANGES: tuple[Request, ...] = (
    ("addr", "add", {"dev": "only9", "address": "10.99.0.1/24"}),
    ("route", "add", {"dev": "only9", "dst": "10.98.0.0/16", "gateway": "10.99.0.9", "priority": 5}),
    ("neigh", "add", {"dev": "only9", "dst": "10.99.0.9", "lladdr": "02:00:00:00:00:09"}),
    ("neigh", "del", {"dev": "only9", "dst": "10.99.0.9"}),
    ("route", "del", {"dev": "only9", "dst": "10.98.0.0/16", "gateway": "10.99.0.9"}),
    ("link", "set", {"dev": "only9", "state": "down"}),
    ("link", "set", {"dev": "only9", "state": "up"}),
    ("link", "set", {"dev": "only9", "mtu": 1400}),
    ("addr", "del", {"dev": "only9", "address": "10.99.0.1/24"}),
)


def test_the_prediction_of_a_change_is_what_the_kernel_does(pids: tuple[int, int]) -> None:
    """Links, addresses, neighbours and routes of IPv4 after each change, in the order of a life."""
    inode = os.stat(f"/proc/{pids[1]}/ns/net").st_ino
    for change in CHANGES:
        predicted = after(_namespace(pids[1]), change)
        netlink.carry_out(Netlink(do=change, pid=pids[1], inode=inode))
        assert _shape(_namespace(pids[1])) == _shape(predicted), change


def _namespace(pid: int) -> NetNamespace:
    found = LiveHost().net_namespaces((pid,))[pid]
    assert isinstance(found, NetNamespace)
    return found


def _shape(namespace: NetNamespace) -> object:
    return (
        {(one.name, one.is_up, one.mtu) for one in namespace.links},
        {(one.link, one.address, one.prefix) for one in namespace.addresses if one.version == 4},
        {(one.link, one.address) for one in namespace.neighbours if one.version == 4},
        {
            (one.table, one.kind, one.destination, one.gateway, one.link, one.metric)
            for one in namespace.routes
            if one.version == 4 and one.kind != "broadcast"
        },
    )
