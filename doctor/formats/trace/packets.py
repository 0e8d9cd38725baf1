"""The packet that a trace sends, and packets as a tap sees them: from their IP header on."""

import struct
from ipaddress import ip_address

from msgspec import Struct
from msgspec.structs import replace

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
PROTOCOLS = {"icmp": ICMP, "tcp": TCP, "udp": UDP}
SYN, RST, ACK = 2, 4, 16
_ERRORS = frozenset({3, 11, 12})
_ERRORS6 = frozenset({1, 2, 3, 4})
_ECHO, _ECHO_REPLY, _ECHO6, _ECHO_REPLY6 = 8, 0, 128, 129
_TTL = 64
_V4, _V6 = struct.Struct(">BBHHHBBH4s4s"), struct.Struct(">IHBB16s16s")
_DNS_QUERY = struct.pack(">HHHHHH", 0x4454, 0x0100, 1, 0, 0, 0) + b"\x00\x00\x02\x00\x01"
"""A question for the name servers of the root: a server answers it, and other programs discard it."""


class TraceFlow(Struct, frozen=True, kw_only=True):
    """The packet of a trace: addresses, protocol, ports (0 for ICMP, whose ``sport`` is the id of the echo), IP length.

    ``length`` 0 is a packet without padding.
    """

    version: int
    protocol: str
    source: str
    target: str
    sport: int
    dport: int = 0
    length: int = 0


class TappedPacket(Struct, frozen=True, kw_only=True):
    """A packet on a device. ``flags`` of TCP, ``kind`` and ``code`` of ICMP (-1: another protocol).

    Attributes:
        quoted: the packet that an ICMP error speaks of; ``sender`` of such a packet is who sent the error.
    """

    version: int
    protocol: int
    source: str
    target: str
    length: int
    ttl: int = 0
    sport: int = 0
    dport: int = 0
    flags: int = 0
    kind: int = -1
    code: int = -1
    quoted: "TappedPacket | None" = None

    @property
    def is_error(self) -> bool:
        """Whether it is an ICMP error."""
        return self.quoted is not None


def packet_of(flow: TraceFlow) -> bytes:
    """Return the packet, from its IP header on.

    >>> flow = TraceFlow(version=4, source="172.17.0.2", target="192.0.2.80", protocol="tcp", sport=40000, length=431)
    >>> len(packet_of(flow))
    431
    """
    head = 20 if flow.version == 4 else 40
    body = _body(flow, max(0, flow.length - head))
    source, target = ip_address(flow.source).packed, ip_address(flow.target).packed
    number = PROTOCOLS[flow.protocol]
    number = ICMP6 if flow.version == 6 and number == ICMP else number
    # ICMP over IPv4 has no pseudo header.
    pseudo = b"" if number == ICMP else source + target + struct.pack(">HH", number, len(body))
    place = {TCP: 16, UDP: 6}.get(number, 2)
    total = _checksum(pseudo + body) or (0xFFFF if number == UDP else 0)
    body = body[:place] + struct.pack(">H", total) + body[place + 2 :]
    if flow.version == 6:
        return _V6.pack(6 << 28, len(body), number, _TTL, source, target) + body
    # Identification 0 and the checksum are filled in by the kernel; 0x4000 is DF: its fragments have other lengths.
    return _V4.pack(0x45, 0, head + len(body), 0, 0x4000, _TTL, number, 0, source, target) + body


def _body(flow: TraceFlow, size: int) -> bytes:
    if flow.protocol == "tcp":
        # No options: the answer then has 44 bytes. Data in a SYN is legal, and ignored.
        head = struct.pack(">HHIIBBHHH", flow.sport, flow.dport, 0x44544354, 0, 5 << 4, SYN, 64240, 0, 0)
        return head + bytes(max(0, size - len(head)))
    if flow.protocol == "udp":
        data = _DNS_QUERY if flow.dport == 53 else b""
        data += bytes(max(0, size - 8 - len(data)))
        return struct.pack(">HHHH", flow.sport, flow.dport, 8 + len(data), 0) + data
    kind = _ECHO6 if flow.version == 6 else _ECHO
    return struct.pack(">BBHHH", kind, 0, 0, flow.sport, 1) + bytes(max(0, size - 8))


def _checksum(raw: bytes) -> int:
    padded = raw + b"\0" * (len(raw) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def tapped(raw: bytes, *, is_quote: bool = False) -> TappedPacket | None:
    """Return a packet, given its bytes from the IP header on; ``None`` for another protocol or a truncated header."""
    try:
        version = raw[0] >> 4
        if version == 4:
            return _tapped4(raw, is_quote=is_quote)
        return _tapped6(raw, is_quote=is_quote) if version == 6 else None
    except (struct.error, IndexError):
        return None


def _tapped4(raw: bytes, *, is_quote: bool) -> TappedPacket:
    _, _, length, _, fragment, ttl, number, _, source, target = _V4.unpack_from(raw)
    body = raw[(raw[0] & 15) * 4 :] if not fragment & 0x1FFF else b""
    packet = TappedPacket(
        version=4,
        protocol=number,
        source=str(ip_address(source)),
        target=str(ip_address(target)),
        length=length,
        ttl=ttl,
    )
    return _with(packet, body, is_quote=is_quote)


def _tapped6(raw: bytes, *, is_quote: bool) -> TappedPacket:
    _, length, number, ttl, source, target = _V6.unpack_from(raw)
    packet = TappedPacket(
        version=6,
        protocol=number,
        source=str(ip_address(source)),
        target=str(ip_address(target)),
        length=length + 40,
        ttl=ttl,
    )
    return _with(packet, raw[40:], is_quote=is_quote)


def _with(packet: TappedPacket, body: bytes, *, is_quote: bool) -> TappedPacket:
    """Return the packet with what its own protocol says."""
    if packet.protocol in {TCP, UDP} and len(body) >= 4:
        sport, dport = struct.unpack_from(">HH", body)
        flags = body[13] if packet.protocol == TCP and len(body) > 13 else 0
        return replace(packet, sport=sport, dport=dport, flags=flags)
    if packet.protocol not in {ICMP, ICMP6} or len(body) < 8:
        return packet
    packet = replace(packet, kind=body[0], code=body[1])
    if packet.kind in (_ERRORS if packet.protocol == ICMP else _ERRORS6):
        return replace(packet, quoted=None if is_quote else tapped(body[8:], is_quote=True))
    return replace(packet, sport=int.from_bytes(body[4:6], "big"))


def direction(packet: TappedPacket, flow: TraceFlow) -> str:
    """Return ``there`` for a packet of the trace, ``back`` for an answer, ``error`` for an ICMP error about either,
    "" for another packet.

    Addresses are translated on the way, so ports, the id of an echo and the length decide.
    """
    if packet.quoted is not None:
        return "error" if direction(packet.quoted, flow) else ""
    if flow.protocol == "icmp":
        if packet.protocol not in {ICMP, ICMP6} or packet.sport != flow.sport:
            return ""
        if packet.kind in {_ECHO, _ECHO6}:
            return "there"
        return "back" if packet.kind in {_ECHO_REPLY, _ECHO_REPLY6} else ""
    if packet.protocol != PROTOCOLS[flow.protocol]:
        return ""
    if packet.length == flow.length and packet.sport == flow.sport:
        return "there"
    if packet.dport == flow.sport:
        return "back"
    if packet.length == flow.length:
        return "there"  # masquerading changed the port
    return ""


def matcher(flow: TraceFlow) -> tuple[tuple[int, int, int, int], ...]:
    """Return a classic socket filter (code, jump if true, jump if false, value) for packets that may be of the trace.

    It accepts the length of the trace's packets, its own port on either side, and all of ICMP.
    """
    return (*_matcher4(flow), *_matcher6(flow), (0x06, 0, 0, 0), (0x06, 0, 0, 0x0800))


def _matcher4(flow: TraceFlow) -> tuple[tuple[int, int, int, int], ...]:
    # 13 instructions, then 10 of IPv6, then "no" at 23 and "yes" at 24.
    return (
        (0x30, 0, 0, 0),  # 0: the first byte
        (0x54, 0, 0, 0xF0),  # 1: its version
        (0x15, 0, 10, 0x40),  # 2: not IPv4: to 13
        (0x28, 0, 0, 2),  # 3: length
        (0x15, 19, 0, flow.length),  # 4: yes
        (0x30, 0, 0, 9),  # 5: protocol
        (0x15, 17, 0, ICMP),  # 6: yes
        (0xB1, 0, 0, 0),  # 7: X = length of the header
        (0x48, 0, 0, 0),  # 8: source port
        (0x15, 14, 0, flow.sport),  # 9: yes
        (0x48, 0, 0, 2),  # 10: destination port
        (0x15, 12, 11, flow.sport),  # 11: yes, no
        (0x06, 0, 0, 0),  # 12: not reached
    )


def _matcher6(flow: TraceFlow) -> tuple[tuple[int, int, int, int], ...]:
    return (
        (0x15, 0, 9, 0x60),  # 13: not IPv6: no
        (0x28, 0, 0, 4),  # 14: length of the payload
        (0x15, 8, 0, max(0, flow.length - 40)),  # 15: yes
        (0x30, 0, 0, 6),  # 16: next header
        (0x15, 6, 0, ICMP6),  # 17: yes
        (0x28, 0, 0, 40),  # 18: source port
        (0x15, 4, 0, flow.sport),  # 19: yes
        (0x28, 0, 0, 42),  # 20: destination port
        (0x15, 2, 1, flow.sport),  # 21: yes, no
        (0x06, 0, 0, 0),  # 22: not reached
    )
