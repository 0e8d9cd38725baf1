"""Packets that are larger than an MTU on their way, and the ICMP message that their sender needs."""

from typing import Any

import pytest
from msgspec.structs import replace

from doctor.collect.path.large_ways import with_large
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rules.sizes import mtu_of
from doctor.facts.path.way import DELIVERED, DROPPED, UNKNOWN, Walk
from doctor.formats.netlink import lookups
from doctor.formats.netlink.messages import attribute, number
from tests.unit.facts.path.small_world import ENGINE, WAYS, container, host, rules, walked, with_link, world

SMALL = with_link(host(), "eth0", mtu=1400)
NO_ICMP = ENGINE.replace("-A FORWARD -j DOCKER-USER", "-A OUTPUT -p icmp -j DROP\n-A FORWARD -j DOCKER-USER")
SIZED = """*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS {}
COMMIT
"""
INSIDE = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT {} -j DROP
COMMIT
"""


def large(kind: str = "egress", **changes: Any) -> Walk:
    return walked(world(**{"of_host": SMALL, **changes}), replace(WAYS[kind], data=1500))


def test_small_packets_show_where_large_ones_may_end() -> None:
    assert walked(world(of_host=SMALL), WAYS["egress"]).large == 1500
    assert walked(world(), WAYS["egress"]).large == 0
    jumbo = with_link(with_link(host(), "docker0", mtu=9000), "eth0", mtu=1500)
    of_aa = with_link(container(1, "172.17.0.2"), "eth0", mtu=9000)
    assert walked(world(of_host=jumbo, of_aa=of_aa), WAYS["egress"]).large == 0, "nobody outside asks for more"


@pytest.mark.parametrize("kind", ["egress", "published"])
def test_the_sender_learns_the_mtu_from_a_message_that_must_arrive(kind: str) -> None:
    assert large(kind).end == DELIVERED
    found = large(kind, saved=NO_ICMP)
    assert (found.end, found.cause, found.place, found.device) == (DROPPED, "mtu", "host", "eth0")
    assert found.rule == "-A OUTPUT -p icmp -j DROP", found.says
    assert found.rule_place == "host"
    assert "of 1500 bytes" in found.says


@pytest.mark.parametrize(
    ("rule", "ends"),
    [("-p icmp", True), ("-m conntrack --ctstate RELATED", True), ("-m conntrack --ctstate NEW", False)],
)
def test_a_container_may_drop_the_message_too(rule: str, *, ends: bool) -> None:
    found = large(inside=rules(INSIDE.format(rule)))
    assert (found.cause == "mtu") == ends, found.says
    if ends:
        assert (found.place, found.rule_place) == ("host", "aa")
        assert "end in aa at" in found.says


@pytest.mark.parametrize(
    ("option", "ends"), [("--clamp-mss-to-pmtu", False), ("--set-mss 1200", False), ("--set-mss 1400", True)]
)
def test_rules_that_set_the_size_of_packets_count(option: str, *, ends: bool) -> None:
    found = large(saved=NO_ICMP + SIZED.format(option))
    assert (found.end == DROPPED) == ends, found.says


def test_a_sender_may_let_others_split_its_packets() -> None:
    of_aa = replace(container(1, "172.17.0.2"), sysctls={"net.ipv4.ip_no_pmtu_disc": "1"})
    assert large(saved=NO_ICMP, of_aa=of_aa).end == DELIVERED


def test_answers_are_large_too() -> None:
    """A bridge of smaller MTU than its containers: the message goes to somebody outside."""
    narrow = with_link(host(), "docker0", mtu=1400)
    assert large(of_host=narrow).end == DELIVERED
    found = large(of_host=narrow, saved=NO_ICMP)
    assert (found.cause, found.device, found.is_answer) == ("mtu", "docker0", True)


def test_a_smaller_container_asks_for_smaller_packets() -> None:
    of_aa = with_link(container(1, "172.17.0.2"), "eth0", mtu=1400)
    assert large(of_aa=of_aa, saved=NO_ICMP).end == DELIVERED


def test_the_mtu_of_a_route_counts_and_what_the_host_learned_does_not() -> None:
    link = NetLink(index=2, name="eth0", mtu=1500)
    assert mtu_of(4, link, RouteAnswer(mtu=900)) == 900
    assert mtu_of(4, link, RouteAnswer(mtu=900, is_learned=True)) == 1500
    body = bytes([2, 32, 0, 0, 254, 0, 0, 1]) + bytes(4)
    metrics = attribute(1, number(4)) + attribute(2, number(900)) + attribute(8, number(1000))
    expiring = number(0) + number(0) + number(500)
    learned = lookups.parse_answer(body + attribute(8, metrics) + attribute(12, expiring))
    assert (learned.mtu, learned.is_learned, learned.is_locked, learned.segment) == (900, True, True, 1000)
    assert not lookups.parse_answer(body + attribute(8, metrics) + attribute(12, number(0) * 3)).is_learned


class _Settings:
    """A host that knows the settings of one process."""

    def __init__(self, **values: str) -> None:
        self.values = {f"net.ipv4.{name}": value for name, value in values.items()}

    def net_settings(self, pids: tuple[int, ...], keys: tuple[str, ...]) -> dict[int, dict[str, str]]:
        return {pid: {key: self.values.get(key, "0") for key in keys} for pid in pids}


@pytest.mark.parametrize(
    ("settings", "ends"), [({}, True), ({"tcp_mtu_probing": "1"}, False), ({"ip_no_pmtu_disc": "1"}, False)]
)
def test_only_ways_with_a_small_mtu_are_walked_again(settings: dict[str, str], *, ends: bool) -> None:
    made, asked = world(of_host=SMALL, saved=NO_ICMP), []

    def walking(ways: Any) -> tuple[Walk, ...]:
        asked.extend(ways)
        return tuple(walked(made, way) for way in asked[len(asked) - len(tuple(ways)) :])

    small = [walked(made, WAYS["egress"]), walked(made, WAYS["peer"])]
    host_: Any = _Settings(**settings)
    found = with_large(host_, made, small, lambda ways: walking(list(ways)))
    assert {way.kind for way in asked} == {"egress"}
    assert [walk.end == DROPPED for walk in found] == [ends, False]
    assert [walk.way for walk in found] == [WAYS["egress"], WAYS["peer"]]


def test_data_that_the_kernel_splits_later_makes_no_claim_about_a_port() -> None:
    """It hands a port several packets as one, which the port lets through."""
    narrow = with_link(host(), "vaa", mtu=100)
    assert walked(world(of_host=narrow), WAYS["egress"]).cause == "mtu"
    assert walked(world(of_host=narrow, saved=ENGINE + SIZED.format("--set-mss 60")), WAYS["egress"]).end == UNKNOWN


@pytest.mark.parametrize(
    ("table", "rule", "end"),
    [
        ("raw", "--ctstate INVALID", "delivered"),
        ("filter", "--ctdir REPLY", DROPPED),
        ("filter", "--ctdir ORIGINAL", "delivered"),
    ],
)
def test_a_message_about_the_mtu_answers_a_known_connection(table: str, rule: str, end: str) -> None:
    """It belongs to the connection of the packet before any hook, in the direction of its answers."""
    text = f"-A OUTPUT -p icmp -m conntrack {rule} -j DROP\n"
    head = f"*{table}\n:OUTPUT ACCEPT [0:0]\n"
    saved = f"{head}{text}COMMIT\n{ENGINE}" if table == "raw" else ENGINE.replace("*filter\n", f"*filter\n{text}", 1)
    assert walked(world(of_host=SMALL, saved=saved), replace(WAYS["egress"], data=1500)).end == end


@pytest.mark.parametrize(("mtu", "end"), [(1500, DROPPED), (1400, UNKNOWN)])
def test_whoever_is_behind_a_small_mtu_may_ask_for_small_packets(mtu: int, end: str) -> None:
    """A rule about sizes then meets none of them. Found by random hosts."""
    sized = (
        ENGINE + "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m length --length 1450:65535 -j DROP\nCOMMIT\n"
    )
    assert large("published", of_host=with_link(host(), "eth0", mtu=mtu), saved=sized).end == end


def test_a_message_has_the_protocol_of_its_connection() -> None:
    """For connection tracking the message about a TCP packet is TCP's: a rule about that may meet it. Found by random hosts."""
    rule = "-A OUTPUT -m conntrack --ctstate RELATED --ctproto {} -j DROP\n-A FORWARD -j DOCKER-USER"
    for protocol in (6, 17):
        saved = ENGINE.replace("-A FORWARD -j DOCKER-USER", rule.format(protocol))
        assert large(saved=saved).end == UNKNOWN
