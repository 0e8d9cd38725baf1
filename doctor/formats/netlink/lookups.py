"""Questions about a packet's route (RTM_GETROUTE), and the kernel's answers."""

import socket

from msgspec import Struct

from doctor.formats.netlink.messages import address, attribute, attributes, family, number, unsigned
from doctor.formats.netlink.tables import ROUTE, ROUTE_KINDS, gateway

UNKNOWN = "unknown"
"""Error of an answer that nobody knows: the host was recorded, or is predicted."""


class RouteQuestion(Struct, frozen=True, kw_only=True):
    """A packet, as the kernel's routing sees it.

    Attributes:
        pid: a process in the network namespace, 0 for the host.
        source: "" if the packet has none yet.
        iif: number of the interface it comes by, 0 if it is sent here; ``oif`` of the one that its socket is bound to.
        mark: of the packet.
        ipproto: number of the protocol, 0 for none; ``sport``, ``dport`` its ports; ``tos`` the byte of its DSCP.
    """

    pid: int = 0
    version: int = 4
    destination: str
    source: str = ""
    iif: int = 0
    oif: int = 0
    mark: int = 0
    ipproto: int = 0
    sport: int = 0
    dport: int = 0
    tos: int = 0


class RouteAnswer(Struct, frozen=True, kw_only=True):
    """Where the packet goes.

    Attributes:
        error: name of the error ("ENETUNREACH"), "unknown" if nobody knows, "" if there is a route.
        kind: "unicast", "local", "blackhole", …
        link: number of the outgoing interface; ``gateway`` the next hop, "" if the receiver is on the link.
        source: the sender's address that the kernel would use.
        mtu: of the route, 0 if it is the link's; ``is_learned`` whether an ICMP message of IPv4 named it, ``is_locked`` whether the sender
            keeps to it, and lets others split its packets.
        segment: the largest segment of TCP that the route lets a sender ask for, 0 if the MTU decides.
        is_redirect: whether the packet goes back to where it came from, so that the sender gets a redirect.
    """

    error: str = ""
    kind: str = "unicast"
    link: int = 0
    gateway: str = ""
    source: str = ""
    table: int = 0
    mtu: int = 0
    is_learned: bool = False
    is_locked: bool = False
    segment: int = 0
    is_redirect: bool = False


_REDIRECT = 0x1000000
"""RTCF_DOREDIRECT of include/uapi/linux/in_route.h, in the flags of struct rtmsg."""
_LOCKED_MTU = 1 << 2
"""The bit of RTAX_MTU in RTAX_LOCK."""
_EXPIRES = slice(8, 12)
"""The seconds that an exception is kept, in struct rta_cacheinfo."""
_LOOKUP_TABLE = 0x1000
"""RTM_F_LOOKUP_TABLE: the answer names the table that the route is in, not "main"."""


def encode(question: RouteQuestion) -> bytes:
    """Return the body of an RTM_GETROUTE request. Raises ``OSError`` for an invalid address."""
    where = family(question.version)
    bits = 128 if question.version == 6 else 32
    source = socket.inet_pton(where, question.source) if question.source else b""
    parts = [ROUTE.pack(where, bits, bits if source else 0, question.tos & 0xFC, 0, 0, 0, 0, _LOOKUP_TABLE)]
    parts.append(attribute(1, socket.inet_pton(where, question.destination)))
    if source:
        parts.append(attribute(2, source))
    # RTA_IIF, RTA_OIF, RTA_MARK.
    for kind, value in ((3, question.iif), (4, question.oif), (16, question.mark)):
        if value:
            parts.append(attribute(kind, number(value & 0xFFFFFFFF)))
    if question.iif and question.version == 6:
        # RTA_UID: a forwarded packet of IPv6 counts as root's, but a question about one as nobody's.
        parts.append(attribute(25, number(0)))
    if question.ipproto:
        # RTA_IP_PROTO, RTA_SPORT, RTA_DPORT: without a protocol the kernel refuses ports.
        parts.append(attribute(27, number(question.ipproto & 0xFF, 1)))
        for kind, port in ((28, question.sport), (29, question.dport)):
            if port:
                parts.append(attribute(kind, (port & 0xFFFF).to_bytes(2, "big")))
    return b"".join(parts)


def parse_answer(body: bytes) -> RouteAnswer:
    """Return the answer of an RTM_NEWROUTE message.

    >>> answer = parse_answer(bytes([2, 32, 0, 0, 254, 0, 0, 1]) + bytes(4) + attribute(4, number(3)))
    >>> answer.kind, answer.link, answer.table
    ('unicast', 3, 254)
    """
    if len(body) < ROUTE.size:
        return RouteAnswer(error=UNKNOWN)
    where, _, _, _, table, _, _, kind, flags = ROUTE.unpack_from(body)
    found = attributes(body, ROUTE.size)
    metrics = attributes(found[8]) if 8 in found else {}
    return RouteAnswer(
        kind=ROUTE_KINDS.get(kind) or str(kind),
        link=unsigned(found.get(4)),
        gateway=gateway(found),
        source=address(found.get(7)),
        table=unsigned(found.get(15), table),
        mtu=unsigned(metrics.get(2)),
        is_learned=where == socket.AF_INET and bool(unsigned(found.get(12, b"")[_EXPIRES])),
        is_locked=bool(unsigned(metrics.get(1)) & _LOCKED_MTU),
        segment=unsigned(metrics.get(8)),
        is_redirect=bool(flags & _REDIRECT),
    )
