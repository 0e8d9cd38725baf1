"""Walks by routes with several next hops, by next hops that nobody answers for, and by rules of routing that ask for a DSCP."""

import pytest
from msgspec.structs import replace

from doctor.facts.path import forks
from doctor.facts.path.namespace import Neighbour, NetNamespace, NetRoute, NextHop, RoutingRule
from doctor.facts.path.rules.hooks import evaluate
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.tables import IptablesRules
from doctor.formats.netlink.lookups import RouteQuestion, encode
from doctor.formats.netlink.messages import attribute, number
from doctor.formats.netlink.routes import FAILED, INCOMPLETE, LOCAL, MAIN
from doctor.formats.netlink.tables import parse_neighbour
from tests.unit.facts.path.small_world import ENGINE, WAYS, address, host, route, walked, with_link, world

_REACHABLE, _OVERDUE = 2, INCOMPLETE | 0x100


def _entry(gateway: str, state: int) -> Neighbour:
    mac = "02:00:00:00:09:01" if state == _REACHABLE else ""
    return Neighbour(link=2, version=4, address=gateway, mac=mac, state=state & 0xFF, is_overdue=state == _OVERDUE)


def _forked(*states: int) -> NetNamespace:
    """A host with a default route over several next hops, each with a neighbour entry of this state (0: none)."""
    hops = tuple(NextHop(link=2, gateway=f"192.0.2.{number}") for number in range(1, len(states) + 1))
    fork = NetRoute(version=4, destination="0.0.0.0/0", hops=hops, link=2, gateway=hops[0].gateway)
    entries = tuple(_entry(hop.gateway, state) for hop, state in zip(hops, states, strict=True) if state)
    routes = (fork, *(one for one in host().routes if one.destination != "0.0.0.0/0"))
    return replace(host(), routes=routes, neighbours=entries)


@pytest.mark.parametrize(
    ("states", "end", "text"),
    [
        (
            (FAILED, _OVERDUE),
            "dropped",
            "nobody answers for 192.0.2.1 and 192.0.2.2, the next hops of the route to 0.0.0.0/0",
        ),
        ((FAILED, _REACHABLE), "unknown", "the route to 0.0.0.0/0 has 2 next hops"),
        ((FAILED, 0), "unknown", "the route to 0.0.0.0/0 has 2 next hops"),
    ],
)
def test_packets_end_at_a_route_all_of_whose_next_hops_are_silent(states: tuple[int, ...], end: str, text: str) -> None:
    found = walked(world(of_host=_forked(*states)), WAYS["egress"])
    assert found.end == end
    assert found.reason.endswith(text)
    assert bool(found.undecided) == (end == "unknown")


@pytest.mark.parametrize(
    ("states", "settings", "end"),
    [
        ((FAILED, 0), ("0", "0"), "dropped"),
        ((FAILED, _REACHABLE), ("0", "0"), "dropped"),
        ((_REACHABLE, FAILED), ("0", "0"), "unknown"),
        ((FAILED, 0), ("1", "0"), "unknown"),
        ((FAILED, 0), ("0", "1"), "unknown"),
        ((FAILED, 0), ("0",), "unknown"),
    ],
)
def test_the_kernels_choice_counts_if_the_addresses_alone_decide(
    states: tuple[int, ...], settings: tuple[str, ...], end: str
) -> None:
    """Of a silent next hop that it chooses; another one it may choose for another address outside."""
    known = dict(zip(forks.SETTINGS, settings, strict=False))
    of_host = _forked(*states)
    found = walked(world(of_host=replace(of_host, sysctls={**of_host.sysctls, **known})), WAYS["egress"])
    assert found.end == end
    if end == "dropped":
        assert found.reason.endswith("nobody answers for 192.0.2.1, one of 2 next hops of the route to 0.0.0.0/0")
    objects = tuple(replace(route, nhid=7 if route.hops else 0) for route in of_host.routes)
    grouped = replace(of_host, routes=objects, sysctls={**of_host.sysctls, **known})
    assert walked(world(of_host=grouped), WAYS["egress"]).end == "unknown"


@pytest.mark.parametrize(
    ("state", "end"), [(INCOMPLETE, "unknown"), (_OVERDUE, "dropped"), (FAILED, "dropped"), (_REACHABLE, "delivered")]
)
def test_a_gateway_that_has_not_answered_ends_packets(state: int, end: str) -> None:
    entry = _entry("192.0.2.1", state)
    assert walked(world(of_host=replace(host(), neighbours=(entry,))), WAYS["egress"]).end == end


@pytest.mark.parametrize(
    ("target", "end"),
    [
        ("TOS --set-tos 0x10/0xff", "dropped"),
        ("DSCP --set-dscp 0x04", "dropped"),
        ("DSCP --set-dscp 0x2e", "delivered"),
        ("TOS --set-tos 0x10/0x10", "dropped"),
        ("DSCP --set-dscp-class EF", "delivered"),
        ("TOS --set-tos strange", "unknown"),
    ],
)
def test_a_rule_of_routing_sees_the_dscp_that_a_rule_set(target: str, end: str) -> None:
    mangle = f"*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i docker0 -j {target}\nCOMMIT\n"
    main = RoutingRule(version=4, priority=32766, table=MAIN)
    low = RoutingRule(version=4, priority=66, action="blackhole", tos=0x10)
    found = walked(world(of_host=replace(host(), rules=(low, main)), saved=mangle + ENGINE), WAYS["egress"])
    assert found.end == end
    assert ("ip rule 66" in found.says) == (end == "dropped")


def test_the_kernel_is_asked_with_the_dscp() -> None:
    assert encode(RouteQuestion(destination="192.0.2.1", tos=0x10))[3] == 0x10


def test_a_local_route_of_another_table_is_the_cause_of_answers_that_stay_here() -> None:
    """Transparent proxies mark packets and lead them to themselves: without one, answers of a published port end there as well."""
    mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i docker0 -p tcp -j MARK --set-mark 1\nCOMMIT\n"
    rule = RoutingRule(version=4, priority=65, table=65, mark=1, mask=0xFFFFFFFF)
    routes = (*host().routes, route("0.0.0.0/0", 1, table=65, kind="local"))
    small = world(of_host=replace(host(), rules=(rule,), routes=routes), saved=mangle + ENGINE)
    for way in ("egress", "published"):
        found = walked(small, WAYS[way])
        assert (found.end, found.cause) == ("dropped", "wrong-route")
        assert "a local route of table 65: it keeps packets for" in found.says
    own = world(of_host=replace(host(), rules=(replace(rule, table=LOCAL),), routes=routes), saved=mangle + ENGINE)
    assert walked(own, WAYS["egress"]).end == "delivered"


def test_a_rule_that_the_kernel_set_is_plain_too() -> None:
    kernels = RoutingRule(version=4, priority=0, table=LOCAL, protocol=2)
    assert kernels.is_plain
    assert not replace(kernels, dscp=0).is_plain
    assert replace(kernels, tos=16, dscp=4).text == "pref 0 from all tos 0x10 dscp 4 lookup local"


@pytest.mark.parametrize(("own", "words"), [(True, "the translation to the source 203.0.113.5"), (False, "")])
def test_a_translation_to_an_address_of_another_interface_is_undecided(own: bool, words: str) -> None:
    rule = "-A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.5\n"
    addresses = (*host().addresses, *((address(1, "203.0.113.5/32"),) if own else ()))
    saved = ENGINE.replace("-A POSTROUTING -s", f"{rule}-A POSTROUTING -s", 1)
    found = walked(world(of_host=replace(host(), addresses=addresses), saved=saved), WAYS["egress"])
    assert found.end == "unknown"
    assert [one.partition(",")[0] for one in found.undecided] == ([words] if words else [])


@pytest.mark.parametrize(("ticks", "is_overdue"), [(10, False), (300, True)])
def test_a_question_is_overdue_after_half_a_second(ticks: int, is_overdue: bool) -> None:
    cache = attribute(3, number(0) + number(0) + number(ticks) + number(1))
    body = (
        bytes([2, 0, 0, 0]) + number(2) + number(INCOMPLETE, 2) + bytes(2) + attribute(1, bytes([192, 0, 2, 1])) + cache
    )
    entry = parse_neighbour(body)
    assert entry is not None
    assert entry.is_silent == is_overdue


def test_the_last_of_two_chains_of_one_priority_is_not_known() -> None:
    """The mangle tables of iptables-nft and iptables-legacy both set a DSCP."""
    mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -i docker0 -j DSCP --set-dscp {}\nCOMMIT\n"
    both = PathRules(
        saves=[
            IptablesRules.parse("iptables-save", mangle.format(4) + ENGINE),
            IptablesRules.parse("iptables-legacy-save", mangle.format(8)),
        ]
    )
    packet = Packet(inside="docker0", source=1, destination=2, mark=0, dscp=0)
    assert evaluate(both, "ip", "prerouting", packet).packet.dscp is None


def test_connections_that_are_forgotten_at_once_are_doubt() -> None:
    key = "net.netfilter.nf_conntrack_tcp_timeout_syn_sent"
    small = world(of_host=replace(host(), sysctls={"net.ipv4.ip_forward": "1", key: "0"}))
    assert walked(small, WAYS["egress"]).says.endswith(f"since {key} is 0")
    assert walked(small, WAYS["peer"]).end == "delivered"


@pytest.mark.parametrize(("span", "end"), [((30000, 40000), "unknown"), ((1, 1023), "dropped")])
def test_an_end_after_a_rule_about_some_ports_of_senders_is_not_known(span: tuple[int, int], end: str) -> None:
    """The kernel's answer is about one port, which a sender takes by chance: with another one it goes elsewhere."""
    rule = RoutingRule(version=4, priority=32765, action=1, table=98, sport=span)
    small = replace(host(), rules=(rule, *host().rules))
    found = walked(world(of_host=small), WAYS["egress"], {(0, "198.51.100.7"): "EINVAL"})
    assert found.end == end


def test_a_message_about_the_mtu_that_leaves_the_host_is_not_with_the_container() -> None:
    mangle = "*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p icmp -j TOS --set-tos 0x10/0xff\nCOMMIT\n"
    rules = (
        RoutingRule(version=4, priority=66, table=77, tos=0x10),
        RoutingRule(version=4, priority=32766, table=MAIN),
    )
    routes = (*host().routes, route("0.0.0.0/0", 2, gateway="192.0.2.1", table=77))
    small = with_link(replace(host(), rules=rules, routes=routes), "eth0", mtu=1400)
    found = walked(world(of_host=small, saved=mangle + ENGINE), replace(WAYS["egress"], data=1500))
    assert (found.end, found.reason) == ("unknown", "eth0: an ICMP message about the MTU leaves the host")
