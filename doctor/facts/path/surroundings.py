"""Answers to questions of rules in one place: types of addresses, the way back, the address that masquerading gives."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.path.namespace import NetLink
from doctor.facts.path.routing import UNKNOWN, RouteAnswer, RouteQuestion
from doctor.facts.path.rules.numbers import address, network, shown
from doctor.facts.path.rules.packet import PROTOCOLS, Packet, Surroundings
from doctor.facts.path.rules.values import Range
from doctor.facts.path.world import PathPlace, World

Tuple = tuple[int | None, int | None, int | None, int | None]
"""Addresses and ports of a packet: source, destination, sport, port."""

_LOCAL_TABLE = 255
_MOST_LISTED = 1024
"""Addresses of one local route that are listed; a wider one (127.0.0.0/8, ``ip route add local``) is known by its routes alone."""
_SECONDARY, _DEPRECATED = 0x01, 0x20
"""IFA_F_SECONDARY and IFA_F_DEPRECATED of include/uapi/linux/if_addr.h."""


class Track(Struct):
    """A connection that a place tracks.

    Attributes:
        original: of its first packet; ``now`` the same after translation.
        settled: the hooks at which nothing is translated any more.
        zone: in which it is tracked, and ``zone_by`` the rule that chose it, with its chain.
    """

    original: Tuple
    now: Tuple = (None, None, None, None)
    is_dnat: bool | None = False
    is_snat: bool | None = False
    is_answered: bool = False
    settled: frozenset[str] = frozenset()
    ct_mark: int | None = 0
    zone: int | None = 0
    zone_by: Any = None

    @property
    def reply(self) -> Tuple:
        """Addresses and ports of an answer."""
        source, destination, sport, port = self.now
        return destination, source, port, sport

    @staticmethod
    def tuple_of(packet: Packet) -> Tuple:
        """Return the addresses and ports of a packet."""
        return packet.source, packet.destination, packet.sport, packet.port


class PlaceSurroundings(Surroundings):
    """The surroundings of rules in one place."""

    def __init__(self, world: World, place: PathPlace, answers: dict[RouteQuestion, RouteAnswer]) -> None:
        """Questions without an answer are collected in ``missing``."""
        self.world, self.place, self.answers = world, place, answers
        self.missing: list[RouteQuestion] = []
        self.track: tuple[Track, bool] | None = None
        self.gateway = ""
        self.least: int | None = None
        self.tracking: Callable[[Packet], tuple[Packet, tuple[Track, bool] | None]] | None = None

    def in_zone(self, packet: Packet) -> Packet:
        """Look the connection up again."""
        if self.tracking is None or packet.zone is None:
            return super().in_zone(packet)
        packet, self.track = self.tracking(packet)
        return packet

    def clock(self) -> float | None:
        """Return the host's clock."""
        return self.world.now

    def type_of(self, version: int, address: int | None, link: str) -> str | None:
        """Look the address up in the local table, as the kernel does for IPv4."""
        if address is None or address < 0:
            return None
        named = self.place.named(link) if link else None
        if link and named is None:
            return None
        local = _local_types(self.place, version, 0 if named is None else named.index)
        found = local.get(address)
        if found is not None:
            return found
        if version == 6:
            if address >> 120 == 0xFF:
                return "multicast"
            # ::1 is local by its route only, as every address: without one, as after a flush of lo, it is not.
            return None if link else "unicast"
        if address >> 24 == 127 and (not link or link == "lo") and _has_loopback(self.place):
            return "local"
        if address >> 28 == 0xE:
            return "multicast"
        return "broadcast" if address in {0, 0xFFFFFFFF} else "unicast"

    def way_back(self, packet: Packet, flags: frozenset[str]) -> str | None:
        """Ask for the route to the packet's source."""
        if "saddr" not in flags or packet.source is None or packet.mark is None or packet.destination is None:
            return None
        link = self.place.named(packet.inside or "")
        if packet.source < 0 or ("iif" in flags and link is None):
            return None
        if self.type_of(packet.version, packet.source, "") == "local":
            return packet.inside
        question = RouteQuestion(
            pid=self.place.namespace.pid,
            version=packet.version,
            destination=shown(packet.version, packet.source),
            oif=link.index if link is not None and "iif" in flags else 0,
            mark=packet.mark if "mark" in flags else 0,
        )
        answer = self._answer(question)
        if answer is None or answer.error == UNKNOWN:
            return None
        found = self.place.link(answer.link)
        return "" if answer.error or found is None else found.name

    def masquerade(self, packet: Packet) -> int | None:
        """Return the first address of the output interface: the kernel prefers one in the next hop's network."""
        link = self.place.named(packet.outside or "")
        if link is None:
            return None
        found = [
            one
            for one in self.place.namespace.addresses_of(link.index, packet.version)
            if one.scope == "global" and not one.flags & _SECONDARY and one.is_usable
        ]
        if len(found) > 1 and packet.version == 4:
            near = [one for one in found if self._is_near(packet, f"{one.address}/{one.prefix}")]
            found = near or found[:1]
        if packet.version == 6 and (len(found) != 1 or found[0].flags & _DEPRECATED):
            # Of several the kernel chooses by its own order, and it prefers a fresh one of another interface.
            return None
        parsed = address(found[0].address) if found else None
        return None if parsed is None else parsed[1]

    def own_address(self, packet: Packet) -> int | None:
        """Return the first address of the input interface; of several of IPv6 the order is not known."""
        link = self.place.named(packet.inside or "")
        found = () if link is None else tuple(self.place.namespace.addresses_of(link.index, packet.version))
        if packet.version == 6:
            found = tuple(one for one in found if one.scope == "global")
        parsed = address(found[0].address) if found and (packet.version == 4 or len(found) == 1) else None
        return None if parsed is None else parsed[1]

    def _is_near(self, packet: Packet, text: str) -> bool:
        """Whether the next hop is in a network."""
        span = network(text)
        parsed = address(self.gateway) if self.gateway else (packet.version, packet.destination)
        if not isinstance(span, Range) or parsed is None or parsed[1] is None:
            return False
        return span.low <= parsed[1] <= span.high

    def is_settled(self, hook: str) -> bool:
        """Whether a hook of the same kind translated the connection, or left it as it is."""
        return self.track is not None and hook in self.track[0].settled

    def continued(self, packet: Packet, hook: str) -> Packet:
        """Translate a packet as the first one of its connection was; answers in reverse."""
        if self.track is None or packet.state not in {"ESTABLISHED", "RELATED", "NEW"}:
            return packet
        track, is_reply = self.track
        is_destination = hook in {"prerouting", "output"}
        if is_reply and is_destination and track.is_snat is not False:
            found = track.original[0]
            kind = self.type_of(packet.version, found, "")
            return replace(packet, destination=found, port=track.original[2], destination_type=kind)
        if is_reply and not is_destination and track.is_dnat is not False:
            return replace(packet, source=track.original[1], sport=track.original[3], source_type=None)
        if not is_reply and is_destination and track.is_dnat is not False:
            found = track.now[1]
            kind = self.type_of(packet.version, found, "")
            return replace(packet, destination=found, port=track.now[3], destination_type=kind)
        if not is_reply and not is_destination and track.is_snat is not False:
            return replace(packet, source=track.now[0], sport=track.now[2], source_type=None)
        return packet

    def least_mtu(self) -> int | None:
        """Return the smallest MTU on the packet's way so far."""
        return self.least

    def index_of(self, name: str) -> int | None:
        """Return the number of an interface."""
        link: NetLink | None = self.place.named(name)
        return None if link is None else link.index

    def _answer(self, question: RouteQuestion) -> RouteAnswer | None:
        found = self.answers.get(question)
        if found is None:
            self.missing.append(question)
        return found

    @staticmethod
    def question(place: PathPlace, packet: Packet, *, iif: int = 0, with_source: bool = True) -> RouteQuestion | None:
        """Return the question about a packet's route, ``None`` if its addresses or mark are not known, or its DSCP where a rule asks for it."""
        if packet.destination is None or packet.destination < 0 or packet.mark is None:
            return None
        if packet.dscp is None and place.routes_by_dscp:
            return None
        source = ""
        if with_source:
            if packet.source is None or packet.source < 0:
                return None
            source = shown(packet.version, packet.source)
        protocol = packet.protocol or ""
        has_ports = protocol in {"tcp", "udp", "sctp"}
        return RouteQuestion(
            pid=place.namespace.pid,
            version=packet.version,
            destination=shown(packet.version, packet.destination),
            source=source,
            iif=iif,
            mark=packet.mark,
            ipproto=PROTOCOLS.get(protocol, 0),
            sport=max(packet.sport or 0, 0) if has_ports else 0,
            dport=max(packet.port or 0, 0) if has_ports else 0,
            tos=(packet.dscp or 0) << 2,
        )


def _has_loopback(place: PathPlace) -> bool:
    """Whether 127.0.0.0/8 is local: so it is unless somebody removed its address."""
    routes = [route for route in place.namespace.routes if route.table == _LOCAL_TABLE and route.version == 4]
    return not routes or any(route.destination == "127.0.0.0/8" for route in routes)


def _local_types(place: PathPlace, version: int, link: int) -> dict[int, str]:
    """Return the types of addresses in the local table of a place, of one interface if that is given."""
    key = (version, link)
    found = place.types.get(key)
    if found is None:
        found = place.types[key] = {}
        for route in place.namespace.routes:
            if route.version == version and route.table == _LOCAL_TABLE and (not link or route.link == link):
                span = network(route.destination)
                if isinstance(span, Range) and span.high - span.low < _MOST_LISTED:
                    found.update(dict.fromkeys(range(span.low, span.high + 1), route.kind))
        for one in place.namespace.addresses:
            parsed = address(one.address)
            if one.version == version and parsed is not None and (not link or one.link == link):
                found[parsed[1]] = "local"
    return found
