"""Walks a packet along a way, and the answers to it back."""

from msgspec.structs import replace

from doctor.facts.path import stack, wire
from doctor.facts.path.arrival import check_destination, check_program, check_source, socket_of
from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.rules import sizes
from doctor.facts.path.rules.numbers import address, shown
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.trip import Arrived, Asking, Frame, Incoming, Local, Out, Oversize, Step, Trip, entered
from doctor.facts.path.way import DELIVERED, DROPPED, HOST, OUTSIDE, REJECTED, UNKNOWN, Hop, Walk, Way  # fmt: skip
from doctor.facts.path.world import World, where  # fmt: skip

_SYN, _ACK, _PSH = sizes.SYN, 0x10, 0x08
_MOST_STEPS = 64
_DATA = 100
"""Bytes of the first answer of a program: more than a bare confirmation."""


def walk(world: World, way: Way) -> Asking[Walk]:
    """Return how far a packet and the answers to it come. Yields questions about routes, and receives the answers."""
    trip = Trip(world, way)
    try:
        yield from _connection(trip, way)
    except WalkEnd as end:
        return _ended(trip, way, end)
    if trip.doubts:
        return _finished(trip, way, UNKNOWN, says=f"{way.text}: unknown because of {trip.doubts[0]}")
    return _finished(trip, way, DELIVERED, says=f"{way.text} arrive, and so do the answers")


def _finished(trip: Trip, way: Way, end: str, *, says: str) -> Walk:
    cause = UNKNOWN if end == UNKNOWN else ""
    return Walk(
        way=way,
        hops=tuple(trip.hops),
        end=end,
        cause=cause,
        says=says,
        large=sizes.wanted(trip.mtus) if end == DELIVERED else 0,
        doubts=tuple(dict.fromkeys(trip.doubts)),
        undecided=tuple(dict.fromkeys(trip.undecided)),
    )


def _ended(trip: Trip, way: Way, end: WalkEnd) -> Walk:
    """Return a walk that ends early; a detour before it is the cause."""
    if trip.by_chance and end.end != UNKNOWN:
        end = WalkEnd(end.place, end.device, UNKNOWN, f"{end.reason}, if not at {trip.by_chance}", end=UNKNOWN)
    found = end
    if trip.detour is not None and end.end != UNKNOWN:
        found = trip.detour
    subject = f"answers to {way.text}" if trip.is_answer else way.text
    verdict = found.verdict
    chain = None if verdict is None else verdict.by
    rule = None if verdict is None or verdict.end is None else verdict.end.rule
    trip.hops.append(Hop(place=end.place.name, device=end.device, step="end", outcome=end.end, text=end.reason))
    word = "may end" if end.end == UNKNOWN else "are rejected" if end.end == REJECTED and verdict is not None else "end"
    return Walk(
        way=way,
        hops=tuple(trip.hops),
        end=end.end,
        cause=found.cause,
        is_answer=trip.is_answer,
        rule="" if rule is None else rule.text,
        chain="" if chain is None else chain.name if rule is None else rule.origin.chain,
        table="" if chain is None else f"{chain.family} {chain.table}",
        handle=0 if rule is None else rule.handle,
        place=found.place.name,
        device=found.device,
        rule_place=found.rule_place,
        says=f"{subject} {word} at {found.reason}",
        reason=found.reason,
        doubts=tuple(dict.fromkeys(trip.doubts)),
        undecided=tuple(dict.fromkeys(trip.undecided)),
    )


def _connection(trip: Trip, way: Way) -> Asking[None]:
    """Walk all packets of a connection: the first, its answer, and for TCP the confirmation and the first data."""
    first = _first(way)
    arrived = yield from _there(trip, way, first)
    yield from _received(trip, way, arrived)
    back = yield from _back(trip, way, first, arrived, flags=_SYN | _ACK, length=44)
    trip.segment = arrived.packet.segment
    if way.data:
        yield from _data(trip, way, first, (arrived, back))
    elif way.protocol == "tcp":
        later = replace(first, tcp_flags=_ACK, length=52)
        arrived = yield from _there_again(trip, way, later, arrived)
        yield from _back(trip, way, later, arrived, flags=_PSH | _ACK, length=52 + _DATA)


def _data(trip: Trip, way: Way, first: Packet, opening: tuple[Arrived, Arrived | None]) -> Asking[None]:
    """Walk a packet of data in each direction, as large as the receiver asked for when the connection was opened."""
    asked, answered = (sizes.OUTSIDE_MTU if one is None else one.packet.segment for one in opening)
    if asked is None or answered is None:
        raise WalkEnd(trip.world.host, "", UNKNOWN, "rules that set the size of packets", end=UNKNOWN)
    later = replace(first, tcp_flags=_PSH | _ACK, length=min(way.data, answered))
    try:
        arrived = yield from _there_again(trip, way, later, opening[0])
        yield from _back(trip, way, later, arrived, flags=_PSH | _ACK, length=min(way.data, asked))
    except WalkEnd as end:
        if end.cause != "rule" or not _may_ask_for_less(trip, way):
            raise
        # A rule about sizes may never meet such a packet.
        raise WalkEnd(end.place, end.device, UNKNOWN, end.reason, end=UNKNOWN) from end


def _may_ask_for_less(trip: Trip, way: Way) -> bool:
    """Whether the other end outside may ask for smaller packets than is usual, as the MTU of the uplink is smaller."""
    link = trip.world.host.named(trip.world.uplink)
    return OUTSIDE in {way.start, way.end} and link is not None and link.mtu < sizes.OUTSIDE_MTU


def _first(way: Way) -> Packet:
    """Return the first packet of a way."""
    target, source = address(way.target), address(way.source) if way.source else None
    is_icmp = way.protocol == "icmp"
    icmp = "icmp" if way.version == 4 else "ipv6-icmp"
    return Packet(
        version=way.version,
        source=None if source is None else source[1],
        destination=None if target is None else target[1],
        protocol=icmp if is_icmp else way.protocol,
        sport=0 if is_icmp else way.sport,
        port=0 if is_icmp else way.port,
        mark=0,
        ct_mark=0,
        ttl=64,
        dscp=0,
        length=way.length,
        segment=sizes.OUTSIDE_MTU,
        tcp_flags=_SYN if way.protocol == "tcp" else None,
        icmp_type=(8 if way.version == 4 else 128) if is_icmp else None,
        icmp_code=0 if is_icmp else None,
    )


def _there(trip: Trip, way: Way, packet: Packet) -> Asking[Arrived]:
    """Walk a packet of the sender to where it arrives."""
    trip.is_answer = False
    if way.start == OUTSIDE:
        step: Step = _from_outside(trip, packet)
    else:
        place = trip.world.places[way.start]
        step = yield from stack.send(trip, place, packet)
    return (yield from _travelled(trip, step))


def _there_again(trip: Trip, way: Way, packet: Packet, first: Arrived) -> Asking[Arrived]:
    """Walk a later packet of a connection, which a rule may leave untranslated: then it does not belong to it."""
    found = yield from _there(trip, way, packet)
    if found.place is not first.place or _ends_of(found.packet) != _ends_of(first.packet):
        reason = f"{found.place.name}: later packets of a connection are translated otherwise than its first one"
        raise WalkEnd(found.place, found.packet.inside or "", UNKNOWN, reason, end=UNKNOWN)
    return found


def _ends_of(packet: Packet) -> tuple[object, ...]:
    return packet.source, packet.sport, packet.destination, packet.port


def _from_outside(trip: Trip, packet: Packet) -> Step:
    host = trip.world.host
    link = host.namespace.named(trip.world.uplink)
    if link is None:
        raise WalkEnd(host, trip.world.uplink, "link-missing", "the uplink: the host has no interface to the network")
    return _arriving(trip, link, packet)


def _arriving(trip: Trip, link: NetLink, packet: Packet) -> Frame:
    """Return a packet from outside at the uplink; one longer than its MTU is taken by some interfaces, and dropped by others."""
    host = trip.world.host
    if trip.way.data:
        # The network before the host is not known: large packets are taken to fit, if the uplink lets them.
        packet = replace(
            packet, length=min(packet.length or link.mtu, link.mtu), segment=packet.segment or sizes.OUTSIDE_MTU
        )
    elif packet.length is not None and packet.length > link.mtu:
        trip.doubt(host, f"packets of {packet.length} bytes arrive at {link.name}, whose MTU is {link.mtu}")
    fresh = replace(entered(trip, host, packet), destination_mac=link.mac or None)
    return Frame(place=host, link=link, packet=fresh)


def _answer_dscp(seen: Packet) -> int | None:
    """Return the DSCP of the answer to an echo: the kernel copies it, and routes the one of IPv6 without it."""
    return seen.dscp if seen.version == 4 or seen.dscp == 0 else None


def _back(trip: Trip, way: Way, first: Packet, arrived: Arrived, *, flags: int, length: int) -> Asking[Arrived | None]:
    """Walk the answer to a packet back to its sender; return how it arrives, ``None`` if it does not pass the host."""
    seen = arrived.packet
    is_icmp = seen.icmp_type is not None
    answer = replace(
        seen,
        source=seen.destination,
        destination=seen.source,
        sport=seen.port,
        port=seen.sport,
        tcp_flags=flags if seen.protocol == "tcp" else None,
        icmp_type=(0 if seen.version == 4 else 129) if is_icmp else None,
        length=seen.length if is_icmp else length,
        segment=sizes.OUTSIDE_MTU,
        may_split=False,
        ttl=64,
        dscp=_answer_dscp(seen) if is_icmp else 0,
        source_mac=None,
        destination_mac=None,
    )
    trip.is_answer = True
    if is_icmp and seen.version == 6 and any(rule.oif and rule.version == 6 for rule in arrived.place.namespace.rules):
        # The kernel routes answers of ICMPv6 by the interface that they go back by.
        trip.doubt(arrived.place, "a rule of routing by output interface")
    if arrived.left is not None:
        host = trip.world.host
        if arrived.place is not host:
            # A macvlan: the answer reaches the container without the host.
            return None
        step: Step = _arriving(trip, arrived.left, answer)
    else:
        step = yield from stack.send(trip, arrived.place, answer)
    back = yield from _travelled(trip, step)
    expected = HOST if way.start == OUTSIDE else way.start
    if back.place.name != expected or (way.start == OUTSIDE) != (back.left is not None):
        where = "the network outside" if back.left is not None else back.place.name
        raise WalkEnd(back.place, back.packet.inside or "", "wrong-way", f"{where}, which did not send them")
    if back.packet.source is None:
        raise WalkEnd(back.place, "", UNKNOWN, "the sender: the source of the answer is not known", end=UNKNOWN)
    if (back.packet.source, back.packet.sport) != (first.destination, first.port):
        text = shown(back.packet.version, back.packet.source)
        reason = f"the sender: they come from {text} port {back.packet.sport}, which it did not address"
        raise WalkEnd(back.place, "", "answer-address", reason)
    return back


def _travelled(trip: Trip, step: Step) -> Asking[Arrived]:
    """Walk a packet to where it leaves the host or meets a socket."""
    for _ in range(_MOST_STEPS):
        match step:
            case Arrived():
                return step
            case Out():
                step = yield from wire.transmit(trip, step)
            case Frame():
                step = yield from wire.receive(trip, step)
            case Incoming():
                step = yield from stack.take(trip, step)
            case Local():
                step = yield from stack.deliver(trip, step)
            case Oversize():
                step = yield from _learned(trip, step)
    raise WalkEnd(trip.world.host, "", "loop", "the routing: it leads them in a circle")


def _learned(trip: Trip, step: Oversize) -> Asking[Step]:
    """Send a packet again, as long as the MTU allows: its sender learns that from an ICMP message, which must arrive."""
    place, packet = step.place, step.packet
    if not packet.may_split:
        if any(rule.source and rule.version == packet.version for rule in place.namespace.rules):
            # Of a translated connection they are routed a second time, by their source.
            trip.doubt(place, "rules of routing by source, which ICMP messages about the MTU may meet")
        message = sizes.message_about(packet)
        detour, trip.detour = trip.detour, None
        try:
            found = yield from _travelled(trip, (yield from stack.send(trip, place, message)))
        except WalkEnd as end:
            inner = trip.detour if trip.detour is not None and end.end != UNKNOWN else end
            about = f"{step.link.name}{where(place)}: its MTU is {step.mtu}, and ICMP messages that say so end"
            at = "" if end.place.name == HOST else f" in {end.place.name}"
            reason = f"{about}{at} at {inner.reason}"
            kind = UNKNOWN if end.end == UNKNOWN else DROPPED
            raise WalkEnd(
                place, step.link.name, "mtu", reason, end=kind, verdict=inner.verdict, rule_place=end.place.name
            ) from end
        trip.detour = detour
        if found.left is not None and (trip.way.end if trip.is_answer else trip.way.start) != OUTSIDE:
            reason = f"{found.left.name}: an ICMP message about the MTU leaves the host"
            raise WalkEnd(place, found.left.name, UNKNOWN, reason, end=UNKNOWN)
    out = Out(place=place, link=step.link, packet=replace(packet, length=step.mtu), gateway=step.gateway)
    return (yield from stack.onward(trip, out))


def _received(trip: Trip, way: Way, arrived: Arrived) -> Asking[None]:
    """Judge where the first packet arrived: at the right socket, at a proxy, outside, or elsewhere."""
    place, packet = arrived.place, arrived.packet
    if arrived.left is not None:
        if way.end != OUTSIDE and place.name != HOST:
            reason = f"{arrived.left.name} in {place.name}: a tunnel of its own takes them"
            raise WalkEnd(place, arrived.left.name, UNKNOWN, reason, end=UNKNOWN)
        if way.end != OUTSIDE:
            reason = f"{arrived.left.name}: they leave the host for the network"
            raise trip.detour or WalkEnd(place, arrived.left.name, "wrong-way", reason)
        check_source(trip, arrived)
        check_destination(trip, way, arrived)
        return
    if packet.port is None and packet.protocol in {"tcp", "udp"}:
        raise WalkEnd(place, "", UNKNOWN, f"{place.name}: the port that a rule gave them is not known", end=UNKNOWN)
    socket = socket_of(place, packet)
    if socket is not None and socket.forwards is not None:
        target, port = socket.forwards
        trip.hop(place, "", "proxy", f"{target}:{port}")
        onward = Way(
            kind=way.kind,
            start=place.name,
            end=way.end,
            target=target,
            port=port,
            protocol=way.protocol,
            sport=way.sport + 7,
            data=way.data,
        )
        yield from _connection(trip, onward)
        return
    check_program(trip, way, arrived, socket)
