"""Corners of the kernel that the sweep over random hosts (`python -m tests.hosts.paths`) showed: each claim was wrong once."""

import pytest
from msgspec.structs import replace

from doctor.facts.path.namespace import (
    ForwardingEntry,
    NetRoute,
    NextHop,
    Qdisc,
    RoutingRule,
)
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rules.hooks import evaluate
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.segment import owners
from doctor.facts.path.surroundings import PlaceSurroundings
from doctor.facts.path.walk import walk
from doctor.facts.path.way import Way
from doctor.facts.path.world import PathSocket
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset
from tests.unit.facts.path.small_world import (
    ENGINE,
    WAYS,
    address,
    answered,
    host,
    walked,
    with_link,
    world,
)


def test_a_target_outside_that_a_rule_replaces_is_doubt() -> None:
    moved = "-A PREROUTING -p tcp -m tcp --dport 443 -j DNAT --to-destination 198.51.100.99"
    saved = ENGINE.replace("-A PREROUTING -m addrtype", f"{moved}\n-A PREROUTING -m addrtype", 1)
    found = walked(world(saved=saved), WAYS["egress"])
    assert found.end == "unknown"
    assert "packets leave for 198.51.100.99 instead of 198.51.100.7" in found.says


@pytest.mark.parametrize(("version", "count"), [(4, 1), (6, 0)])
def test_for_ipv6_an_interface_answers_only_for_its_own_address(version: int, count: int) -> None:
    text = "192.0.2.5" if version == 4 else "2001:db8::5"
    more = replace(address(2, f"{text}/64"), version=version)
    small = world(of_host=replace(host(), addresses=(*host().addresses, more)))
    aa = small.places["aa"]
    eth0 = aa.namespace.named("eth0")
    assert eth0 is not None
    number = {4: 0xC0000205, 6: (0x20010DB8 << 96) + 5}[version]
    assert len(owners(small, aa, eth0, version, number)) == count


def test_a_bridge_whose_own_address_is_at_a_port_hears_nothing() -> None:
    entry = ForwardingEntry(mac="02:00:00:00:00:03", link=12, master=3, state=0x40)
    found = walked(world(of_host=replace(host(), fdb=(entry,))), WAYS["egress"])
    assert found.end == "dropped"


def test_an_address_that_the_kernel_chose_is_asked_for_again() -> None:
    """connect(2) looks the route up twice: without a source, and with the one that the first answer gave."""
    small = world()
    going = walk(small, Way(kind="host-to-container", start="host", end="aa", target="172.17.0.2", port=80))
    (first,) = next(going)
    (second,) = going.send((answered(small, first, {}),))
    assert (first.source, second.source, second.pid, second.iif) == ("", "172.17.0.1", 0, 0)
    with pytest.raises(StopIteration) as ended:
        going.send((RouteAnswer(error="EINVAL"),))
    assert ended.value.value.end == "dropped"


def test_pings_that_a_host_ignores_differ_by_version() -> None:
    ignored = {"net.ipv6.icmp.echo_ignore_all": "1", "net.ipv4.ip_forward": "1"}
    assert walked(world(of_host=replace(host(), sysctls=ignored)), WAYS["gateway"]).end == "delivered"
    ignored = {"net.ipv4.icmp_echo_ignore_all": "1", "net.ipv4.ip_forward": "1"}
    assert walked(world(of_host=replace(host(), sysctls=ignored)), WAYS["gateway"]).cause == "echo-ignored"


def test_the_answer_to_a_link_local_address_is_unknown() -> None:
    """The kernel sends it back by the link that it came by, which a question about routes does not say."""
    way = Way(kind="gateway", start="host", end="aa", target="fe80::2", protocol="icmp")
    assert walked(world(), way).end == "unknown"


@pytest.mark.parametrize(("wanted", "kind"), [(True, "drop"), (False, "accept")])
def test_the_existence_of_a_way_back_is_not_its_absence(wanted: bool, kind: str) -> None:
    class Known(Surroundings):
        def way_back(self, packet: Packet, flags: frozenset[str]) -> str | None:
            assert packet.source == 0xAC110002
            assert "saddr" in flags
            return "docker0"

    left = {"fib": {"result": "oif", "flags": ["saddr", "iif"]}}
    chain = NftChain(family="ip", table="t", name="c", hook="prerouting", kind="filter", priority=0, policy="accept")
    expressions = ({"match": {"op": "==", "left": left, "right": wanted}}, {"drop": None})
    rule = NftRule(family="ip", table="t", chain="c", handle=2, expressions=expressions, comment="")
    rules = PathRules(nft=NftRuleset(chains=(chain,), rules=(rule,)))
    packet = Packet(inside="docker0", source=0xAC110002, destination=0xC6336407, mark=0)
    assert evaluate(rules, "ip", "prerouting", packet, Known()).kind == kind


def test_tcp_cuts_its_data_to_the_senders_own_mtu() -> None:
    """A bridge takes the MTU of its smallest port: what the host sends fits, what a container sends does not."""
    small = with_link(with_link(host(), "vaa", mtu=100), "docker0", mtu=100)
    way = Way(kind="container-to-host", start="aa", end="host", target="172.17.0.1", port=22)
    assert walked(world(of_host=small, sockets=(PathSocket(protocol="tcp", port=22),)), way).end == "delivered"
    found = walked(world(of_host=small), WAYS["host-published"])
    assert (found.cause, found.is_answer) == ("mtu", True)


def test_the_kernel_itself_answers_an_echo_without_an_owner() -> None:
    """No socket owns the answer: `--uid-owner 0` does not match it, `! --uid-owner 0` does."""
    for match, end in (("--uid-owner 0", "delivered"), ("! --uid-owner 0", "dropped")):
        saved = ENGINE.replace(
            "*filter", f"*mangle\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -m owner {match} -j DROP\nCOMMIT\n*filter", 1
        )
        assert walked(world(saved=saved), WAYS["gateway"]).end == end, match


@pytest.mark.parametrize("kind", ["clsact", "ingress"])
@pytest.mark.parametrize(("has_filters", "doubts"), [(None, 1), (True, 1), (False, 0)])
def test_filters_of_tc_are_doubt(kind: str, has_filters: bool | None, doubts: int) -> None:
    queue = Qdisc(link=2, kind=kind, parent=0xFFFFFFF1, handle=0xFFFF0000, has_filters=has_filters)
    found = walked(world(of_host=replace(host(), qdiscs=(queue,))), WAYS["egress"])
    assert found.doubts == ("filters of tc on eth0",) * doubts


@pytest.mark.parametrize(
    ("ports", "end"), [((30000, 40000), "unknown"), ((1024, 65535), "delivered"), ((1, 1023), "delivered")]
)
def test_a_rule_about_some_of_the_ports_that_senders_take_is_doubt(ports: tuple[int, int], end: str) -> None:
    rule = RoutingRule(version=4, priority=50, action="table", table=254, ipproto=6, sport=ports)
    assert walked(world(of_host=replace(host(), rules=(*host().rules, rule))), WAYS["egress"]).end == end


def test_masquerading_does_not_give_a_deprecated_address_of_ipv6() -> None:
    """The kernel takes a fresh address of another interface instead: which, its own order says."""
    for flags, found in ((0, 0x20010DB8 << 96 | 5), (0x20, None)):
        own = replace(address(2, "2001:db8::5/64"), version=6, flags=flags)
        place = world(of_host=replace(host(), addresses=(*host().addresses, own))).host
        around = PlaceSurroundings(world(), place, {})
        packet = Packet(version=6, outside="eth0", destination=0x20010DB8 << 96 | 0x80)
        assert around.masquerade(packet) == found


@pytest.mark.parametrize(("version", "target"), [(4, 0x0A000001), (6, 0xFD00 << 112 | 2)])
def test_dnat_to_ipv4_in_a_table_of_both_leaves_ipv6_alone(version: int, target: int) -> None:
    chain = NftChain(family="inet", table="t", name="c", hook="prerouting", kind="nat", priority=-100, policy="accept")
    rule = NftRule(
        family="inet",
        table="t",
        chain="c",
        handle=2,
        expressions=({"dnat": {"family": "ip", "addr": "10.0.0.1"}},),
        comment="",
    )
    rules = PathRules(nft=NftRuleset(chains=(chain,), rules=(rule,)))
    packet = Packet(version=version, inside="eth0", source=1, destination=0xFD00 << 112 | 2, mark=0)
    found = evaluate(rules, "ip" if version == 4 else "ip6", "prerouting", packet).packet
    assert found.destination == target


def test_an_answer_to_a_next_hop_that_nobody_knows_is_unknown() -> None:
    """A packet from outside proves that its sender is there, not that every other next hop is."""
    small = world(of_host=replace(host(), neighbours=()))
    assert walked(small, replace(WAYS["published"], source="192.0.2.9")).end == "delivered"
    found = walked(small, WAYS["published"])
    assert found.doubts == ("nobody has asked for the address 192.0.2.1 yet",)


@pytest.mark.parametrize(("target", "end"), [("198.51.100.7", "unknown"), ("10.5.0.1", "delivered")])
def test_one_of_several_next_hops_is_not_known_before(target: str, end: str) -> None:
    """The kernel chooses by ports and flow labels; a more specific route that leads elsewhere is not concerned."""
    hops = (NextHop(link=2, gateway="192.0.2.1"), NextHop(link=1))
    fork = NetRoute(
        version=4, table=254, kind="unicast", destination="0.0.0.0/0", hops=hops, link=2, gateway="192.0.2.1"
    )
    plain = replace(fork, destination="10.0.0.0/8", hops=())
    routes = (fork, plain, *(one for one in host().routes if one.destination != "0.0.0.0/0"))
    found = walked(world(of_host=replace(host(), routes=routes)), replace(WAYS["egress"], target=target))
    assert found.end == end


def test_an_interface_without_arp_sends_to_itself() -> None:
    small = with_link(host(), "eth0", kind="veth", flags=0x110C3)
    found = walked(world(of_host=small), WAYS["egress"])
    assert (found.cause, found.device) == ("neighbour", "eth0")


@pytest.mark.parametrize(("port", "end"), [(80, "drop"), (81, "accept")])
def test_a_mark_that_a_map_does_not_have_stays(port: int, end: str) -> None:
    """The rule ends at the look-up: the mark is not unknown, it is the one before."""
    key = {"payload": {"protocol": "tcp", "field": "dport"}}
    value = {"map": {"key": key, "data": {"set": [[80, 7]]}}}
    chain = NftChain(family="ip", table="t", name="c", hook="forward", kind="filter", priority=0, policy="accept")
    expressions = (
        ({"mangle": {"key": {"meta": {"key": "mark"}}, "value": value}},),
        ({"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 7}}, {"drop": None}),
    )
    rules = tuple(
        NftRule(family="ip", table="t", chain="c", handle=number, expressions=one, comment="")
        for number, one in enumerate(expressions, 2)
    )
    packet = Packet(inside="docker0", outside="eth0", source=1, destination=2, port=port, mark=0)
    assert evaluate(PathRules(nft=NftRuleset(chains=(chain,), rules=rules)), "ip", "forward", packet).kind == end


def test_a_redirected_packet_is_for_the_interface_that_it_came_by() -> None:
    around = PlaceSurroundings(world(), world().host, {})
    assert around.own_address(Packet(inside="docker0")) == 0xAC110001
