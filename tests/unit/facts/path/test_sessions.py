"""Whether a change moves the packets of somebody who is logged in."""

import pytest
from msgspec.structs import replace

from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.network.sessions import way_of
from doctor.facts.path.predict import Request, after
from doctor.facts.path.rules.sessions import ends
from doctor.formats.firewall import iptables_save
from doctor.formats.netlink.routes import RoutingRule
from doctor.formats.network.proc_net import Connection, parse_connections
from tests.unit.facts.path.small_world import host

RULES = tuple(
    RoutingRule(version=4, priority=number, table=table) for number, table in ((0, 255), (32766, 254), (32767, 253))
)
NEAR = Connection(address="192.0.2.5", port=22, peer="192.0.2.9", peer_port=50000, inode=1)
FAR = replace(NEAR, peer="203.0.113.9")
DEFAULT = {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}


@pytest.mark.parametrize(
    ("request_", "moved"),
    [
        (("route", "del", DEFAULT), (FAR,)),
        (("route", "add", {"dst": "203.0.113.0/24", "gateway": "192.0.2.77", "dev": "eth0"}), (FAR,)),
        (("route", "add", {"dst": "10.0.0.0/8", "gateway": "192.0.2.77", "dev": "eth0"}), ()),
        (("route", "add", {"dst": "192.0.2.9/32", "gateway": "192.0.2.77", "dev": "eth0"}), (NEAR,)),
        (("addr", "del", {"dev": "eth0", "address": "192.0.2.5/24"}), (NEAR, FAR)),
        (("addr", "add", {"dev": "eth0", "address": "192.0.2.6/32"}), ()),
        (("link", "set", {"dev": "eth0", "state": "down"}), (NEAR, FAR)),
        (("link", "set", {"dev": "eth0", "mtu": 900}), (NEAR, FAR)),
        (("link", "set", {"dev": "eth0", "mtu": 9000}), ()),
        (("link", "set", {"dev": "docker0", "state": "down"}), ()),
    ],
)  # fmt: skip
def test_the_way_after_a_change(request_: Request, moved: tuple[Connection, ...]) -> None:
    now = host(rules=RULES)
    then = after(now, request_)
    found = tuple(one for one in (NEAR, FAR) if not way_of(one, now).is_kept(way_of(one, then)))
    assert found == moved


def test_a_rule_of_routing_that_leads_elsewhere_moves_it() -> None:
    now = host(rules=RULES)
    rule = RoutingRule(version=4, priority=100, table=99, source="192.0.2.5/32")
    elsewhere = replace(now.routes[0], table=99, gateway="192.0.2.77")
    then = replace(now, rules=(*RULES, rule), routes=(*now.routes, elsewhere))
    assert not way_of(FAR, now).is_kept(way_of(FAR, then))
    by_mark = replace(then, rules=(*RULES, replace(rule, mark=1, mask=0xFF)))
    assert way_of(FAR, now).is_kept(way_of(FAR, by_mark))


def test_a_dead_session_is_not_moved() -> None:
    dead = replace(host(rules=RULES), routes=())
    assert way_of(FAR, dead).is_kept(way_of(FAR, host(rules=RULES)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("-A INPUT -p tcp -m tcp --dport 22 -j DROP", True),
        ("-A OUTPUT -d 203.0.113.0/24 -j REJECT", True),
        ("-A INPUT -i docker0 -j DROP", False),
        ("-A INPUT -m conntrack --ctstate NEW -j DROP", False),
        ("-A INPUT -m recent --name x --rcheck -j DROP", False),
    ],
)
def test_rules_that_end_it(rule: str, *, expected: bool) -> None:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{rule}\nCOMMIT\n"
    firewall = Firewall(v4=Saved.of(("iptables-save",), iptables_save.parse(text)))
    assert ends(firewall, FAR, "eth0") == expected


def test_a_line_that_is_torn_hides_no_other() -> None:
    good = "1: 0100A8C0:0016 0200A8C0:C350 01 00000000:00000000 02:0 0 0 0 4712 2 0"
    found = parse_connections(f"sl\n1: zz\n2: 01:xx 02:yy 01 0 0 0 0 0 1 2 0\n{good}\n1: 0100A8C0")
    assert [one.peer for one in found] == ["192.168.0.2"]
