"""Packets that are larger than an MTU on their way: what their sender sends, and the ICMP message that it needs."""

from collections.abc import Mapping

from msgspec.structs import replace

from doctor.facts.path.namespace import NetLink
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rules.changes import HEADERS
from doctor.facts.path.rules.packet import Packet

OUTSIDE_MTU = 1500
"""Of programs outside: hardly anyone asks for larger packets."""
TOLERATED = 4
"""Bytes by which a packet may be longer than the MTU of a veth or a port: room for the tag of a VLAN."""
MESSAGES = {4: 576, 6: 1280}
"""Bytes of the largest ICMP message about a packet, by the version of IP."""
SYN = 0x02
LEAST_MTU6 = 1280
"""Of IPv6: no sender goes below it, whatever a message says."""
_LEAST_DATA = 48
"""Bytes of data below which TCP never goes (net.ipv4.tcp_min_snd_mss)."""
_NOT_SPLIT = "net.ipv4.ip_no_pmtu_disc"


def cut(packet: Packet, link: NetLink, answer: RouteAnswer, settings: Mapping[str, str]) -> Packet:
    """Return a packet of TCP as its sender makes it: not longer than its own MTU, and with the size that it asks for."""
    mtu = answer.mtu or link.mtu
    packet = replace(packet, length=min(packet.length or mtu, max(mtu, _LEAST_DATA + HEADERS.get(packet.version, 0))))
    if packet.tcp_flags is not None and packet.tcp_flags & SYN:
        asked = answer.segment + HEADERS.get(packet.version, 0) if answer.segment else mtu
        packet = replace(packet, segment=min(asked, mtu))
    is_split = settings.get(_NOT_SPLIT, "0").strip() not in {"", "0"}
    return replace(packet, may_split=packet.version == 4 and (is_split or answer.is_locked))


def mtu_of(version: int, out: NetLink, answer: RouteAnswer) -> int:
    """Return the MTU that counts for a packet that is forwarded: with IPv4, what the host itself has learned does not."""
    return out.mtu if version == 4 and answer.is_learned else answer.mtu or out.mtu


def message_about(packet: Packet) -> Packet:
    """Return the ICMP message about a packet that is too long, for its sender."""
    is_v4 = packet.version == 4
    length = min(MESSAGES.get(packet.version, 576), (packet.length or 0) + (28 if is_v4 else 48))
    is_known = packet.state not in {"UNTRACKED", "INVALID"}
    return replace(
        packet,
        source=None,
        destination=packet.source,
        protocol="icmp" if is_v4 else "ipv6-icmp",
        sport=0,
        port=0,
        tcp_flags=None,
        icmp_type=3 if is_v4 else 2,
        icmp_code=4 if is_v4 else 0,
        state="RELATED" if is_known else "INVALID",
        is_reply=None if packet.is_reply is None else not packet.is_reply,
        inside="",
        outside="",
        length=length,
        may_split=False,
        mark=0,
        is_local_out=True,
        ttl=64,
        source_mac=None,
        destination_mac=None,
    )


def wanted(mtus: set[int]) -> int:
    """Return the bytes of packets that senders make and that are larger than an MTU on the way, 0 if there is no such MTU."""
    largest = min(OUTSIDE_MTU, max(mtus, default=0))
    return largest if mtus and min(mtus) < largest else 0
