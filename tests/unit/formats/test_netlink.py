"""Messages of netlink: what the kernel sent is read, and no bytes make a parser raise or hang."""

import random
import struct
from collections.abc import Callable

import pytest

from doctor.formats.netlink import firewall, links, lookups, messages, tables
from doctor.formats.netlink.lookups import RouteQuestion
from doctor.formats.netlink.messages import attribute, number
from doctor.formats.netlink.routes import NextHop
from tests.clocks import within

PARSERS = (
    links.parse_link,
    links.parse_vlans,
    tables.parse_address,
    tables.parse_route,
    tables.parse_rule,
    tables.parse_neighbour,
    tables.parse_forwarding,
    tables.parse_queue,
    lookups.parse_answer,
    firewall.parse_table,
    firewall.parse_generation,
)
IPV4 = 2
ROUTE = struct.pack("=BBBBBBBBI", IPV4, 24, 0, 0, 254, 3, 0, 1, 0)
RULE = struct.pack("=BBBBBxxBI", IPV4, 0, 24, 0, 252, 1, 0x2)


def packed(address: str) -> bytes:
    """An IPv4 address as four bytes."""
    return bytes(int(part) for part in address.split("."))


def test_a_bridge_port_is_read() -> None:
    """As the kernel nests it: IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA, and one byte a setting."""
    data = b"".join(
        attribute(kind, number(value, 1)) for kind, value in ((1, 4), (4, 1), (8, 0), (30, 0), (33, 1), (39, 1))
    )
    info = attribute(1, b"veth\0") + attribute(4, b"bridge\0") + attribute(5, data)
    body = struct.pack("=BxHiII", 0, 1, 7, 0x11043, 0) + b"".join(
        (
            attribute(3, b"veth1\0"),
            attribute(4, number(1400)),
            attribute(5, number(2)),
            attribute(10, number(3)),
            attribute(18 | 0x8000, info),
            attribute(37, number(4)),
        )
    )
    link = links.parse_link(body)
    assert link is not None
    assert (link.index, link.name, link.mtu, link.kind, link.master) == (7, "veth1", 1400, "veth", 3)
    assert (link.peer_index, link.peer_namespace, link.lower, link.has_carrier) == (2, 4, 0, True)
    assert link.port == links.BridgePort(
        state=4, is_hairpin=True, learns=False, is_isolated=True, floods_broadcasts=False, is_locked=True
    )


def test_a_route_of_two_hops_and_one_through_the_other_family() -> None:
    """RTA_MULTIPATH, and RTA_VIA: a family before the address."""
    hop = struct.pack("=HBBi", 8 + 8, 1, 4, 9) + attribute(5, packed("10.0.0.1"))
    found = tables.parse_route(ROUTE + attribute(1, packed("10.1.0.0")) + attribute(9, hop * 2))
    assert found is not None
    assert found.destination == "10.1.0.0/24"
    assert found.hops == (NextHop(link=9, gateway="10.0.0.1", weight=5, flags=1),) * 2
    via = struct.pack("=H", 10) + bytes(15) + b"\1"
    found = tables.parse_route(ROUTE + attribute(18, via))
    assert found is not None
    assert (found.gateway, found.destination) == ("::1", "0.0.0.0/24")


def test_a_rule_of_a_vpn() -> None:
    """As wg-quick writes it: not fwmark 0xca6c, and a rule that suppresses default routes."""
    found = tables.parse_rule(
        RULE
        + attribute(2, packed("10.2.0.0"))
        + attribute(10, number(0xCA6C))
        + attribute(16, number(0xFFFFFFFF))
        + attribute(15, number(51820))
        + attribute(24, struct.pack("=HH", 80, 81))
    )
    assert found is not None
    assert (found.source, found.table, found.mark, found.mask) == ("10.2.0.0/24", 51820, 0xCA6C, 0xFFFFFFFF)
    assert (found.invert, found.dport, found.suppress_prefix) == (True, (80, 81), -1)
    suppressing = tables.parse_rule(RULE + attribute(14, number(0)))
    assert suppressing is not None
    assert suppressing.suppress_prefix == 0


def test_a_queue_with_its_drops() -> None:
    """The options of pfifo are its limit; struct tc_stats has the drops after bytes and packets."""
    head = struct.pack("=BxxxiIII", 0, 5, 0x10000, 0xFFFFFFFF, 0)
    stats = struct.pack("=QII", 1, 2, 33) + bytes(20)
    found = tables.parse_queue(head + attribute(1, b"pfifo\0") + attribute(2, number(0)) + attribute(3, stats))
    assert found is not None
    assert (found.link, found.kind, found.limit, found.drops) == (5, "pfifo", 0, 33)


def test_a_question_has_ports_only_with_a_protocol() -> None:
    """The kernel refuses the whole question otherwise."""
    question = RouteQuestion(destination="10.0.0.1", source="10.0.0.2", iif=3, mark=1, sport=1, dport=80)
    found = messages.attributes(lookups.encode(question), 12)
    assert set(found) == {1, 2, 3, 16}
    found = messages.attributes(lookups.encode(RouteQuestion(destination="::1", version=6, ipproto=6, dport=80)), 12)
    assert (found[27], found[29], len(found[1])) == (b"\6", b"\0\x50", 16)


def test_a_question_about_a_forwarded_packet_of_ipv6_is_about_root() -> None:
    """So the kernel routes it (rules with a range of users), while it takes such a question for one about nobody."""
    for version, iif, uid in ((6, 3, b"\0\0\0\0"), (6, 0, None), (4, 3, None)):
        question = RouteQuestion(destination="::1" if version == 6 else "127.0.0.1", version=version, iif=iif)
        assert messages.attributes(lookups.encode(question), 12).get(25) == uid


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_no_bytes_are_too_hostile(parse: Callable[[bytes], object]) -> None:
    """Each prefix of a message, random bytes, attributes of length 0 and beyond the end, and 1 MiB of them."""
    source = random.Random(9)
    whole = bytes(16) + b"".join(attribute(kind, bytes(source.randbytes(kind % 9))) for kind in range(60))
    samples = [whole[:end] for end in range(len(whole))]
    samples += [source.randbytes(source.randrange(200)) for _ in range(500)]
    samples += [
        bytes(1 << 16),
        b"\xff" * (1 << 16),
        bytes(12) + attribute(9, b"\0") * 9,
        bytes(16) + b"\4\0\1\0" * (1 << 18),
    ]
    within(3, lambda: [parse(sample) for sample in samples])


def test_a_datagram_that_is_torn_ends() -> None:
    """A length of zero would be read for ever."""
    whole = messages.request(16, b"abcd", sequence=1)
    assert [one.body for one in messages.messages(whole * 2 + whole[:7])] == [b"abcd", b"abcd"]
    assert list(messages.messages(bytes(64))) == []
    assert list(messages.each(bytes(64))) == []
    assert messages.attributes(struct.pack("=HH", 400, 1) + b"x") == {}


def test_a_row_with_more_than_a_request_names_is_known() -> None:
    """Realms, a locked MTU and an end of its life are lost if a route is deleted and added again; the same of a rule."""
    plain = ROUTE + attribute(1, packed("10.1.0.0")) + attribute(8, attribute(2, number(1400)))
    lasting = plain + attribute(12, bytes(32)) + attribute(20, b"\0")
    for more in (
        attribute(11, number(7)),
        attribute(8, attribute(1, number(4)) + attribute(2, number(1400))),
        attribute(22, b""),
        attribute(12, bytes(8) + number(300) + bytes(20)),
    ):
        found = tables.parse_route(lasting + more)
        assert found is not None
        assert found.has_more
    assert not getattr(tables.parse_route(lasting), "has_more", True)
    rule = RULE + attribute(2, packed("172.17.0.0")) + attribute(21, number(3, 1)) + attribute(28, b"\xff\xff")
    found_rule = tables.parse_rule(rule)
    assert found_rule is not None
    assert (found_rule.protocol, found_rule.has_more, found_rule.request()["protocol"]) == (3, False, 3)
    assert getattr(tables.parse_rule(rule + attribute(11, number(0x30004))), "has_more", False)
