"""A packet as rules see it. A field that is not known is ``None``: no rule decides on it."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

ELSEWHERE = -1
"""As an address or port: one of an outside host or of a client, which no rule of this host names."""

NO_OWNER = -1
"""As a user or group: no socket owns the packet."""

ANY_VERSION = -1
"""As a version: IPv4 or IPv6."""

PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipencap": 4, "tcp": 6, "udp": 17, "dccp": 33, "ipv6": 41, "gre": 47, "esp": 50, "ah": 51,
    "ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "ipip": 94, "vrrp": 112, "sctp": 132, "udplite": 136, "mptcp": 262,
}  # fmt: skip

STATES = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}
"""Bits of ``ct state``."""

TCP_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}


class Packet(Struct, frozen=True, kw_only=True):
    """A packet at one point of its path.

    Attributes:
        version: 4 or 6, 0 for ARP, ``ANY_VERSION`` if it is not known.
        inside: input interface, "" for none; ``outside`` the output interface.
        source: address as a number, ``ELSEWHERE`` for any outside host; ``destination`` likewise.
        protocol: ``tcp``, ``udp``, ``icmp``, ``ipv6-icmp`` …
        sport: source port; ``port`` the destination port.
        state: connection state: ``NEW``, ``ESTABLISHED``, ``RELATED``, ``INVALID`` or ``UNTRACKED``.
        destination_type: ``local``, ``unicast``, ``broadcast`` …; ``source_type`` likewise.
        is_dnat: whether a rule changed its connection's destination; ``is_snat`` its source.
        is_reply: whether it is of the answering direction of its connection.
        original: addresses and ports of the connection's first packet: source, destination, sport, port.
        port_in: the bridge port it came in by, if the packet is known to be bridged, "" for none; ``port_out`` likewise.
        bridge: the bridge that forwards it, at hooks of the bridge family.
        length: bytes, with the IP header; ``may_split`` whether a router may send it in several parts.
        segment: of TCP's first packets, the bytes of the largest packet that their sender asks for, with the headers.
        has_frame: whether it has a header of the link; unknown for a packet that this host sends, until it leaves.
        is_local_out: whether a socket of this namespace sent it; ``user`` the socket's owner.
        zone: of connection tracking in which a rule puts the packet, and ``zone_by`` that rule with its chain.
        icmp_type: of ICMP; of ARP the operation: 1 asks, 2 answers.
        packet_type: ``host``, ``other``, ``broadcast`` or ``multicast``: whose MAC address the frame has.
    """

    version: int = 4
    inside: str | None = ""
    outside: str | None = ""
    source: int | None = ELSEWHERE
    destination: int | None = ELSEWHERE
    protocol: str | None = "tcp"
    sport: int | None = ELSEWHERE
    port: int | None = ELSEWHERE
    state: str | None = "NEW"
    destination_type: str | None = "unicast"
    source_type: str | None = None
    is_dnat: bool | None = False
    is_snat: bool | None = None
    is_reply: bool | None = None
    original: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    mark: int | None = None
    ct_mark: int | None = None
    port_in: str | None = None
    port_out: str | None = None
    bridge: str | None = None
    tcp_flags: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    length: int | None = None
    may_split: bool | None = False
    segment: int | None = None
    ttl: int | None = None
    dscp: int | None = None
    vlan: int | None = None
    source_mac: str | None = None
    destination_mac: str | None = None
    packet_type: str | None = None
    has_frame: bool | None = None
    is_local_out: bool | None = None
    user: int | None = None
    group: int | None = None
    zone: int | None = 0
    zone_by: Any = None


class Surroundings:
    """Answers to questions of rules that a packet does not answer; this one knows nothing."""

    def type_of(self, version: int, address: int | None, link: str) -> str | None:
        """Return the type of an address (``local``, ``unicast`` …), on one interface if that is not ""; ``None`` if unknown."""
        del version, address, link
        return None

    def way_back(self, packet: Packet, flags: frozenset[str]) -> str | None:
        """Return the interface that leads to an address of the packet, "" if none does; ``None`` if unknown."""
        del packet, flags
        return None

    def masquerade(self, packet: Packet) -> int | None:
        """Return the source address that masquerading gives to a packet."""
        del packet
        return None

    def own_address(self, packet: Packet) -> int | None:
        """Return the address of the input interface that a redirected packet is for."""
        del packet
        return None

    def is_settled(self, hook: str) -> bool:
        """Whether the packet's connection passed this kind of translation already: rules of nat are then not evaluated."""
        del hook
        return False

    def continued(self, packet: Packet, hook: str) -> Packet:
        """Return a later packet of a connection, translated as its first one was."""
        del hook
        return packet

    def least_mtu(self) -> int | None:
        """Return the smallest MTU that the packet has met so far."""
        return None

    def index_of(self, name: str) -> int | None:
        """Return the number of an interface."""
        del name
        return None

    def clock(self) -> float | None:
        """Return the seconds since the epoch when the rules were read."""
        return None

    def in_zone(self, packet: Packet) -> Packet:
        """Return a packet with its connection in the zone that a rule chose; here nobody knows the connections of a zone."""
        return replace(packet, state=None)


NOTHING_KNOWN = Surroundings()
_UNKNOWN: dict[str, Any] = {"original": (None, None, None, None)}


def joined(one: Packet, other: Packet) -> Packet:
    """Return what is known of a packet that is either the one or the other."""
    if one == other:
        return one
    fields: dict[str, Any] = {
        name: value if value == getattr(other, name) else _UNKNOWN.get(name)
        for name, value in ((name, getattr(one, name)) for name in Packet.__struct_fields__)
    }
    return Packet(**fields)


def any_packet(
    *, version: int = ANY_VERSION, inside: str | None = None, outside: str | None = None, state: str | None = None
) -> Packet:
    """Return a packet of which only these fields are known."""
    known: dict[str, Any] = dict.fromkeys(Packet.__struct_fields__) | _UNKNOWN
    return Packet(**known | {"version": version, "inside": inside, "outside": outside, "state": state})
