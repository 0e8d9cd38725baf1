"""Walks through a small host: each way arrives, and each fault ends it where it is, with its cause in words."""

import time
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.facts.path.namespace import BridgePort, BridgeSettings, Neighbour, NetAddress, Qdisc, RoutingRule
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.facts.path.way import Walk, Way
from doctor.facts.path.world import PathPlace, PathSocket, World
from tests.unit.facts.path.small_world import (
    ENGINE,
    WAYS,
    address,
    container,
    host,
    route,
    rules,
    veth,
    walked,
    with_link,
    world,
)  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_on_a_healthy_host_every_way_arrives(name: str) -> None:
    found = walked(world(), WAYS[name])
    assert (found.end, found.cause, found.doubts) == ("delivered", "", ()), found.says


def without(text: str) -> str:
    assert text in ENGINE
    return ENGINE.replace(text + "\n", "")


DROP_DNS = ENGINE.replace("-A DOCKER-USER -j", "-A DOCKER-USER -s 172.17.0.2/32 -j DROP\n-A DOCKER-USER -j", 1)
PORT = {"port": BridgePort(state=0)}
FAULTS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a rule": ("egress", {"saved": DROP_DNS}, "rule", 'packets from aa to outside end at "-A DOCKER-USER -s 172.17.0.2/32 -j DROP"'),
    "no answer accepted": (
        "egress",
        {"saved": without("-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")},
        "rule",
        "answers to packets from aa to outside end at the policy of chain FORWARD",
    ),
    "uplink down": ("egress", {"of_host": with_link(host(), "eth0", flags=0)}, "link-down", "interface eth0: it is down"),
    "port disabled": ("egress", {"of_host": with_link(host(), "vaa", port=BridgePort(state=0))}, "port-disabled", "port vaa of docker0: its state is disabled"),
    "isolated": (
        "peer",
        {"of_host": with_link(with_link(host(), "vaa", port=BridgePort(is_isolated=True)), "vbb", port=BridgePort(is_isolated=True))},
        "port-isolated",
        "port vaa of docker0: it is isolated, and so is vbb",
    ),
    "no bridge": ("egress", {"of_host": with_link(host(), "vaa", master=0, port=None)}, "no-bridge", "vaa: it is not a port of a bridge"),
    "lo down": ("loopback", {"of_host": with_link(host(), "lo", flags=8)}, "link-down", "interface lo: it is down"),
    "small veth": ("egress", {"of_host": with_link(host(), "vaa", mtu=50)}, "mtu", "vaa: its MTU is 50, the packet has 60 bytes"),
    "queue": ("egress", {"of_host": replace(host(), qdiscs=(Qdisc(link=2, kind="pfifo", limit=0),))}, "qdisc", "queue pfifo of eth0"),
    "wrong gateway address": (
        "egress",
        {"of_aa": replace(container(1, "172.17.0.2"), neighbours=(Neighbour(link=21, version=4, address="172.17.0.1", mac="02:00:00:00:00:99", state=0x80),))},
        "wrong-mac",
        "no port leads to 02:00:00:00:00:99",
    ),
    "route of a VPN": (
        "egress",
        {"of_host": replace(host(), routes=(*host().routes, route("172.17.0.0/24", 2)))},
        "wrong-route",
        "answers to packets from aa to outside end at a route of table 254: it sends packets for aa (172.17.0.2) to eth0",
    ),
    "own rules": (
        "egress",
        {"inside": PathRules(saves=[IptablesRules.parse("iptables-save", "*filter\n:OUTPUT DROP [0:0]\nCOMMIT\n")])},
        "rule",
        "the policy of chain OUTPUT of table filter (iptables)",
    ),
    "arp_ignore": (
        "gateway",
        {"of_host": host(sysctls={"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.arp_ignore": "8"}), "of_aa": container(1, "172.17.0.2", sysctls={"net.ipv4.conf.all.arp_ignore": "8"})},
        "neighbour",
        "the question for the address 172.17.0.1 is dropped by arp_ignore 8 of docker0",
    ),
    "vlan": (
        "peer",
        {"of_host": with_link(with_link(with_link(host(), "docker0", bridge=BridgeSettings(filters_vlans=True)), "vaa", port=BridgePort(vlans=((1, 6),))), "vbb", port=BridgePort(vlans=((7, 6),)))},
        "vlan",
        "bridge docker0: vbb is not in the VLAN of vaa",
    ),
    "proxy dead": ("hairpin", {"sockets": ()}, "proxy-missing", "no proxy listens on port 8080"),
    "taken": ("hairpin", {"sockets": (PathSocket(protocol="tcp", port=8080),)}, "taken", "another program listens on port 8080"),
    "address changed": ("published", {"of_aa": container(1, "172.17.0.9")}, "neighbour", "nobody answers for 172.17.0.2"),
    "ttl": (
        "egress",
        {"saved": ENGINE + "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TTL --ttl-set 1\nCOMMIT\n"},
        "ttl",
        "their time to live is used up",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_way_where_it_is(name: str) -> None:
    way, broken, cause, says = FAULTS[name]
    found = walked(world(**broken), WAYS[way])
    assert (found.end in {"dropped", "rejected"}, found.cause) == (True, cause), found.says
    assert says in found.says
    assert found.hops[-1].step == "end"


ERRORS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "forwarding off": ({"sysctls": {"net.ipv4.ip_forward": "0"}}, "EHOSTUNREACH", "forwarding-off", "forwarding of docker0: net.ipv4.ip_forward is 0"),
    "unreachable": ({"routes": (*host().routes, route("198.51.100.0/24", 0, kind="unreachable"))}, "EHOSTUNREACH", "unreachable-route", "route unreachable 198.51.100.0/24 of table main"),
    "prohibit": ({"rules": (RoutingRule(version=4, priority=7, action="prohibit", iif="docker0"),)}, "EACCES", "rule-of-routing", "ip rule 7: its action is prohibit"),
    "table without route": ({"rules": (RoutingRule(version=4, priority=100, table=99, source="172.17.0.0/16"),)}, "ENETUNREACH", "rule-of-routing", "packets from aa to outside end at ip rule 100: table 99 has no route to 198.51.100.7"),
    "no default": ({"routes": host().routes[1:]}, "ENETUNREACH", "no-default-route", "there is no default route"),
    "blackhole": ({"routes": (*host().routes, route("198.51.100.7/32", 0, kind="blackhole"))}, "EINVAL", "blackhole-route", "route blackhole 198.51.100.7/32"),
    "rp_filter": ({}, "EINVAL", "rp-filter", "rp_filter of docker0: the way back to 172.17.0.2 is another interface"),
    "own address": ({"addresses": (*host().addresses, address(2, "172.17.0.2/32"))}, "EINVAL", "source-is-local", "172.17.0.2 is also an address of this host"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_of_the_kernels_routing_has_one_cause(name: str) -> None:
    changes, error, cause, says = ERRORS[name]
    found = walked(world(of_host=host(**changes)), WAYS["egress"], {(0, "198.51.100.7"): error})
    assert (found.end, found.cause) == ("dropped", cause), found.says
    assert says in found.says


def test_doubt_is_unknown_with_the_rule() -> None:
    saved = ENGINE.replace("-A DOCKER-USER -j", "-A DOCKER-USER -m limit --limit 5/sec -j DROP\n-A DOCKER-USER -j", 1)
    found = walked(world(saved=saved), WAYS["egress"])
    assert found.end == "unknown"
    assert (
        '"-A DOCKER-USER -m limit --limit 5/sec -j DROP" in chain DOCKER-USER' in found.says
        or "DOCKER-USER" in found.says
    )
    nobody = walked(world(), WAYS["egress"], {(0, "198.51.100.7"): "unknown"})
    assert (nobody.end, nobody.cause) == ("unknown", "unknown")


def test_without_translation_nobody_knows_if_answers_return() -> None:
    """Routed networks exist: packets with a container's address may be answered."""
    found = walked(world(saved=without("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE")), WAYS["egress"])
    assert found.end == "unknown"
    assert "leave with the source 172.17.0.2" in found.says


def test_rules_that_were_not_read_are_doubt() -> None:
    there = world()
    there.places["aa"].rules = None
    assert walked(there, WAYS["egress"]).end == "unknown"


def test_bridged_packets_pass_the_rules_only_where_the_host_says_so() -> None:
    closed = without("-A FORWARD -i docker0 -o docker0 -j ACCEPT")
    assert walked(world(saved=closed), WAYS["peer"]).end == "delivered"
    filtered = host(sysctls={"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"})
    found = walked(world(of_host=filtered, saved=closed), WAYS["peer"])
    assert (found.cause, found.chain, found.table) == ("rule", "FORWARD", "ip filter")


def test_a_dead_end_of_nat_is_named_by_its_neighbour() -> None:
    moved = ENGINE.replace("--to-destination 172.17.0.2:80", "--to-destination 172.17.0.77:80")
    moved = moved.replace("-A DOCKER -d 172.17.0.2/32", "-A DOCKER -d 172.17.0.77/32")
    found = walked(world(saved=moved), WAYS["published"])
    assert (found.cause, found.end) == ("neighbour", "dropped")


def test_a_thousand_containers_are_walked_in_a_second() -> None:
    links = [replace(veth(number, f"v{number}"), peer_index=20_000 + number) for number in range(1, 1001)]
    of_host = host(links=(*host().links[:3], *links))
    places = {"host": PathPlace(name="host", namespace=of_host, rules=rules())}
    for number in range(1, 1001):
        own = f"172.17.{number // 250 + 1}.{number % 250 + 1}"
        places[f"c{number}"] = PathPlace(name=f"c{number}", namespace=_many(number, own), rules=PathRules())
    many = World(places=places, uplink="eth0")
    begin = time.process_time()
    found = [walked_fast(many, f"c{number}") for number in range(1, 1001)]
    assert {one.end for one in found} == {"delivered"}, found[0].says
    assert time.process_time() - begin < 8


def _many(number: int, own: str) -> Any:
    found = container(number, own)
    links = (found.links[0], replace(found.links[1], index=20_000 + number, peer_index=10 + number))
    moved = tuple(replace(one, link=20_000 + number) if one.link != 1 else one for one in found.routes)
    addresses: tuple[NetAddress, ...] = (found.addresses[0], replace(found.addresses[1], link=20_000 + number))
    return replace(found, links=links, routes=moved, addresses=addresses)


def walked_fast(there: World, name: str) -> Walk:
    return walked(there, Way(kind="egress", start=name, end="outside", target="198.51.100.7", port=443, protocol="udp"))


def test_an_answer_from_another_address_is_refused_by_its_receiver() -> None:
    """Two containers of a bridge by a published port: without masquerade the answer goes straight back, from its real address."""
    straight = without("-A DOCKER -i docker0 -j RETURN").replace("-A DOCKER ! -i docker0 -p", "-A DOCKER -p")
    found = walked(world(saved=straight), replace(WAYS["hairpin"], start="bb"))
    assert (found.end, found.cause, found.is_answer) == ("dropped", "answer-address", True)
    assert "they come from 172.17.0.2 port 80, which it did not address" in found.says
    hairpin = "-A POSTROUTING -s 172.17.0.0/16 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE\n-A POSTROUTING"
    masked = straight.replace("-A POSTROUTING", hairpin, 1)
    assert walked(world(saved=masked), replace(WAYS["hairpin"], start="bb")).end == "delivered"
