"""Reads addresses, routes, rules of routing, neighbours, forwarding entries and queues from rtnetlink's messages.

Each function returns ``None`` for a message that is not of its kind: of another family, or without what names the row.
"""

import struct
from collections.abc import Iterator

from doctor.formats.netlink.messages import address, attributes, mac, signed, text, unsigned, version
from doctor.formats.netlink.routes import (
    FOREVER,
    INCOMPLETE,
    SCOPES,
    ForwardingEntry,
    Neighbour,
    NetAddress,
    NetRoute,
    NextHop,
    Qdisc,
    RoutingRule,
)

_SCOPES = {number: name for name, number in SCOPES.items()}
ROUTE_KINDS = {
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
    9: "throw",
}
"""RTN_ of include/uapi/linux/rtnetlink.h."""
_ACTIONS = {1: "table", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
"""FR_ACT_ of include/uapi/linux/fib_rules.h."""
_INVERT = 0x2
_ANSWER_TICKS = 50
"""Half a second, within which a neighbour has answered."""
_CACHED = 0x200
"""RTM_F_CLONED: a remembered route, not one of a table."""
_ROUTE_NAMED = frozenset({1, 2, 4, 5, 6, 7, 8, 9, 12, 15, 18, 20, 30})
"""RTA_ attributes that a route of doctor names, or has as the kernel adds them by itself."""
_METRICS_NAMED = frozenset({2})
"""RTAX_MTU."""
_RULE_NAMED = frozenset({1, 2, 3, 4, 6, 10, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24})
_PORT_MASKS = frozenset({28, 29})
"""FRA_SPORT_MASK and FRA_DPORT_MASK: all ones for an ordinary port."""
_ADDRESS = struct.Struct("=BBBBI")
ROUTE = struct.Struct("=BBBBBBBBI")
"""struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags."""
_HOP = struct.Struct("=HBBi")
_RULE = struct.Struct("=BBBBBxxBI")
_NEIGHBOUR = struct.Struct("=BxxxiHBB")
_QUEUE = struct.Struct("=BxxxiIII")


def parse_address(body: bytes) -> NetAddress | None:
    """Return the address of an RTM_NEWADDR message.

    >>> from doctor.formats.netlink.messages import attribute, number
    >>> found = parse_address(bytes([2, 16, 0, 0]) + number(4) + attribute(2, bytes([172, 17, 0, 1])))
    >>> found.text if found else None
    '172.17.0.1/16'
    """
    if len(body) < _ADDRESS.size:
        return None
    family, prefix, flags, scope, link = _ADDRESS.unpack_from(body)
    found = attributes(body, _ADDRESS.size)
    # IFA_LOCAL, else IFA_ADDRESS: on a point-to-point link the latter is the other end.
    local = address(found.get(2) or found.get(1))
    ip_version = version(family)
    if not ip_version or not local:
        return None
    # IFA_CACHEINFO: preferred and valid lifetime.
    lifetimes = found.get(6) or b""
    preferred, valid = (unsigned(lifetimes[at : at + 4] or None, FOREVER) for at in (0, 4))
    return NetAddress(
        link=link,
        version=ip_version,
        address=local,
        prefix=prefix,
        scope=_SCOPES.get(scope) or str(scope),
        flags=unsigned(found.get(8), flags),
        broadcast=address(found.get(4)),
        label=text(found.get(3)),
        is_leased=valid != FOREVER,
        valid=valid,
        preferred=preferred,
    )


def parse_route(body: bytes) -> NetRoute | None:
    """Return the route of an RTM_NEWROUTE message."""
    if len(body) < ROUTE.size:
        return None
    family, length, source_length, tos, table, protocol, _, kind, flags = ROUTE.unpack_from(body)
    ip_version = version(family)
    if not ip_version or flags & _CACHED:
        return None
    found = attributes(body, ROUTE.size)
    metrics = attributes(found[8]) if 8 in found else {}
    return NetRoute(
        version=ip_version,
        table=unsigned(found.get(15), table),
        kind=ROUTE_KINDS.get(kind) or str(kind),
        destination=_network(found.get(1), length, ip_version),
        origin=_network(found.get(2), source_length, ip_version) if source_length else "",
        source=address(found.get(7)),
        gateway=gateway(found),
        link=unsigned(found.get(4)),
        metric=unsigned(found.get(6)),
        mtu=unsigned(metrics.get(2)),
        protocol=protocol,
        flags=flags & 0xFF,
        hops=tuple(_hops(found[9])) if 9 in found else (),
        nhid=unsigned(found.get(30)),
        has_more=bool(
            tos or not found.keys() <= _ROUTE_NAMED or not metrics.keys() <= _METRICS_NAMED or _expires(found)
        ),
    )


def _expires(found: dict[int, bytes]) -> bool:
    """Whether RTA_CACHEINFO has a time at which the route disappears, or RTA_PREF is not the usual one."""
    return any(found.get(12, b"")[8:12]) or any(found.get(20, b""))


def gateway(found: dict[int, bytes]) -> str:
    """Return the gateway of a route: RTA_GATEWAY, or RTA_VIA, one of the other family."""
    if 5 in found:
        return address(found[5])
    return address(found[18][2:]) if 18 in found else ""


def _network(content: bytes | None, length: int, ip_version: int) -> str:
    if content is None:
        return f"{'::' if ip_version == 6 else '0.0.0.0'}/{length}"  # noqa: S104 - a destination, never bound
    return f"{address(content)}/{length}"


def _hops(content: bytes) -> Iterator[NextHop]:
    """The next hops of RTA_MULTIPATH: struct rtnexthop and attributes each."""
    at = 0
    while at + _HOP.size <= len(content):
        length, flags, weight, link = _HOP.unpack_from(content, at)
        if length < _HOP.size:
            return
        found = attributes(content[at + _HOP.size : at + length])
        yield NextHop(link=link, gateway=gateway(found), weight=weight + 1, flags=flags)
        at += (length + 3) & ~3


def parse_rule(body: bytes) -> RoutingRule | None:
    """Return the rule of an RTM_NEWRULE message."""
    if len(body) < _RULE.size:
        return None
    family, length, source_length, tos, table, action, flags = _RULE.unpack_from(body)
    ip_version = version(family)
    if not ip_version:
        return None
    found = attributes(body, _RULE.size)
    mark = unsigned(found.get(10))
    return RoutingRule(
        version=ip_version,
        priority=unsigned(found.get(6)),
        action=_ACTIONS.get(action) or str(action),
        table=unsigned(found.get(15), table),
        target=unsigned(found.get(4)),
        source=_network(found.get(2), source_length, ip_version) if source_length else "",
        destination=_network(found.get(1), length, ip_version) if length else "",
        iif=text(found.get(3)),
        oif=text(found.get(17)),
        mark=mark,
        mask=unsigned(found.get(16), 0xFFFFFFFF if mark else 0),
        invert=bool(flags & _INVERT),
        ipproto=unsigned(found.get(22)),
        sport=_range(found.get(23), 2),
        dport=_range(found.get(24), 2),
        suppress_prefix=signed(found.get(14), -1),
        tos=tos,
        dscp=unsigned(found.get(25), -1),
        uid_range=_range(found.get(20), 4),
        l3mdev=bool(unsigned(found.get(19))),
        tunnel=int.from_bytes(found.get(12, b"")[:8], "big"),
        protocol=unsigned(found.get(21)),
        has_more=any(
            key not in _RULE_NAMED and not (key in _PORT_MASKS and content == b"\xff\xff")
            for key, content in found.items()
        ),
    )


def _range(content: bytes | None, size: int) -> tuple[int, int] | None:
    if content is None or len(content) < 2 * size:
        return None
    return unsigned(content[:size]), unsigned(content[size : 2 * size])


def parse_neighbour(body: bytes) -> Neighbour | None:
    """Return the entry of an RTM_NEWNEIGH message of IPv4 or IPv6."""
    if len(body) < _NEIGHBOUR.size:
        return None
    family, link, state, _, _ = _NEIGHBOUR.unpack_from(body)
    found = attributes(body, _NEIGHBOUR.size)
    ip_version, where = version(family), address(found.get(1))
    if not ip_version or not where:
        return None
    # NDA_CACHEINFO: confirmed, used, updated, in hundredths of a second.
    age = unsigned(found.get(3, b"")[8:12])
    is_overdue = state == INCOMPLETE and age >= _ANSWER_TICKS
    return Neighbour(
        link=link, version=ip_version, address=where, mac=mac(found.get(2)), state=state, is_overdue=is_overdue
    )


def parse_forwarding(body: bytes) -> ForwardingEntry | None:
    """Return the entry of an RTM_NEWNEIGH message of the bridge family."""
    if len(body) < _NEIGHBOUR.size:
        return None
    _, link, state, flags, _ = _NEIGHBOUR.unpack_from(body)
    found = attributes(body, _NEIGHBOUR.size)
    where = mac(found.get(2))
    if not where:
        return None
    return ForwardingEntry(
        mac=where,
        link=link,
        master=unsigned(found.get(9)),
        vlan=unsigned(found.get(5)),
        state=state,
        flags=flags,
        remote=address(found.get(1)),
    )


_PACKETS_FIRST = frozenset({"pfifo", "bfifo", "pfifo_head_drop"})
"""Kinds whose options are one number: their limit, in bytes for bfifo."""


def parse_queue(body: bytes) -> Qdisc | None:
    """Return the queue of an RTM_NEWQDISC message."""
    if len(body) < _QUEUE.size:
        return None
    _, link, handle, parent, _ = _QUEUE.unpack_from(body)
    found = attributes(body, _QUEUE.size)
    kind = text(found.get(1))
    if not kind:
        return None
    # TCA_STATS is struct tc_stats: bytes (8), packets, drops.
    return Qdisc(
        link=link,
        kind=kind,
        parent=parent,
        handle=handle,
        limit=_limit(kind, found.get(2, b"")),
        drops=unsigned(found.get(3, b"")[12:16]),
    )


def _limit(kind: str, options: bytes) -> int | None:
    if kind in _PACKETS_FIRST and len(options) >= 4:
        return unsigned(options[:4])
    if kind in {"fq_codel", "codel"}:
        # TCA_FQ_CODEL_LIMIT and TCA_CODEL_LIMIT.
        found = attributes(options).get(2)
        return None if found is None else unsigned(found)
    if kind == "tbf":
        # TCA_TBF_PARMS: two struct tc_ratespec of 12 bytes, then the limit in bytes.
        found = attributes(options).get(1, b"")
        return unsigned(found[24:28]) if len(found) >= 28 else None
    return None
