"""The IP layer of one place: it sends, receives, forwards and delivers packets. Routes are asked of the kernel."""

from msgspec.structs import replace

from doctor.facts.path import forks
from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.route_errors import explained
from doctor.facts.path.routing import UNKNOWN as NOT_KNOWN
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rules import sizes
from doctor.facts.path.rules.numbers import address, network, shown
from doctor.facts.path.rules.packet import NO_OWNER, Packet
from doctor.facts.path.rules.values import Range
from doctor.facts.path.segment import places_with
from doctor.facts.path.surroundings import PlaceSurroundings
from doctor.facts.path.trip import (
    Arrived,
    Asking,
    Incoming,
    Local,
    Out,
    Oversize,
    Step,
    Trip,
    ask,
    entered,
    hook,
    question_of,
)
from doctor.facts.path.way import HOST, REJECTED, UNKNOWN
from doctor.facts.path.world import PathPlace, where
from doctor.facts.path.xfrm.passed import check_policies

_EPHEMERAL = Range(32768, 60999)
"""Ports that a sender takes by chance (net.ipv4.ip_local_port_range)."""
_LINK_LOCAL = 0xFE80 >> 6
"""fe80::/10."""
_LOCAL_TABLE = 255


def send(trip: Trip, place: PathPlace, packet: Packet) -> Asking[Step]:
    """Send a packet of a socket in this place; its source may be open."""
    packet = entered(trip, place, replace(packet, is_local_out=True))
    if packet.version == 6 and packet.destination is not None and packet.destination >> 118 == _LINK_LOCAL:
        reason = f"the routing{where(place)}: an address that holds on one link only"
        raise WalkEnd(place, "", UNKNOWN, reason, end=UNKNOWN)
    is_bound = packet.source is not None
    try:
        answer, link = yield from routed(trip, place, packet, with_source=is_bound)
    except WalkEnd as end:
        if (
            is_bound
            or packet.version == 4
            or not any(rule.version == 6 and rule.source not in {"", "::/0"} for rule in place.namespace.rules)
        ):
            raise
        # The kernel chooses an address then, and asks again with it.
        reason = f"the routing{where(place)}: rules by source, which is not known"
        raise WalkEnd(place, "", UNKNOWN, reason, end=UNKNOWN) from end
    # The kernel answers an echo itself: no socket owns the packet.
    is_kernels = packet.icmp_type is not None and (trip.is_answer or packet.state == "RELATED")
    owner = NO_OWNER if is_kernels else 0
    ttl = _hops(place, link, packet.version)
    packet = replace(packet, outside=link.name, is_local_out=True, user=owner, group=owner, ttl=ttl)
    if not is_bound:
        found = address(answer.source)
        if found is None:
            raise WalkEnd(
                place, link.name, "address-missing", f"{link.name}{where(place)}: it has no address to send from"
            )
        packet = replace(packet, source=found[1])
        if packet.version == 4:
            # connect(2) asks again with the address that it chose.
            answer, link = yield from routed(trip, place, packet)
            packet = replace(packet, outside=link.name)
    if packet.protocol == "tcp" and packet.length is not None:
        whole, packet = packet.length, sizes.cut(packet, link, answer, place.namespace.sysctls)
        trip.is_split = packet.length != whole
        _doubt_length(trip, place, packet, link)
    around = PlaceSurroundings(trip.world, place, trip.answers)
    packet = replace(
        packet,
        source_type=around.type_of(packet.version, packet.source, ""),
        destination_type=around.type_of(packet.version, packet.destination, ""),
    )
    before = (packet.destination, packet.mark, packet.dscp)
    check_policies(trip, place, packet, "out", link)
    packet = yield from hook(trip, place, (_family(packet), "output"), packet)
    if (packet.destination, packet.mark, packet.dscp) != before:
        answer, link = yield from routed(trip, place, packet)
        packet = replace(packet, outside=link.name)
        check_policies(trip, place, packet, "out", link)
    _note_detour(trip, place, packet, answer, link)
    packet = yield from _leaving(trip, place, packet, answer.gateway, link)
    return Out(place=place, link=link, packet=packet, gateway=answer.gateway)


def take(trip: Trip, step: Incoming) -> Asking[Step]:
    """Take a packet from an interface: it is for this place, or to be forwarded."""
    place, link = step.place, step.link
    packet = replace(step.packet, inside=link.name, outside="")
    if packet.version == 6 and _is_off(place, link.name):
        raise WalkEnd(place, link.name, "ipv6-off", f"interface {link.name}{where(place)}: IPv6 is disabled there")
    if packet.version == 6 and link.is_loopback and not any(place.namespace.addresses_of(link.index, 6)):
        trip.doubt(place, f"{link.name} has no IPv6 address: IPv6 may be disabled there")
    if not step.is_prerouted:
        packet = replace(packet, port_in="", port_out="") if place.name == HOST else packet
        packet = yield from hook(trip, place, (_family(packet), "prerouting"), packet)
    if link.is_loopback:
        return Local(place=place, link=link, packet=packet)
    answer, out = yield from routed(trip, place, packet, link)
    if answer.kind == "local":
        _note_taken(trip, place, packet, answer)
        return Local(place=place, link=link, packet=packet)
    return (yield from _forward(trip, place, packet, answer, out))


def deliver(trip: Trip, step: Local) -> Asking[Step]:
    """Let a packet pass the rules on the way to a socket."""
    packet = replace(step.packet, outside="")
    packet = yield from hook(trip, step.place, (_family(packet), "input"), packet)
    check_policies(trip, step.place, packet, "in", step.link)
    return Arrived(place=step.place, packet=packet)


def _forward(trip: Trip, place: PathPlace, packet: Packet, answer: RouteAnswer, out: NetLink) -> Asking[Step]:
    if packet.version == 6 and place.namespace.sysctls.get("net.ipv6.conf.all.forwarding", "1").strip() == "0":
        reason = f"forwarding of IPv6{where(place)}: net.ipv6.conf.all.forwarding is 0"
        raise WalkEnd(place, packet.inside or "", "forwarding-off", reason)
    _note_detour(trip, place, packet, answer, out)
    link = place.named(packet.inside or "")
    check_policies(trip, place, packet, "fwd", out if link is None else link)
    if packet.ttl is not None and packet.ttl <= 1:
        raise WalkEnd(place, packet.inside or "", "ttl", f"the routing{where(place)}: their time to live is used up")
    mtu = sizes.mtu_of(packet.version, out, answer)
    packet = replace(packet, outside=out.name, ttl=None if packet.ttl is None else packet.ttl - 1)
    check_policies(trip, place, packet, "out", out)
    if packet.length is not None and packet.length > mtu:
        if packet.version == 6 and mtu < sizes.LEAST_MTU6:
            reason = f"{out.name}{where(place)}: the MTU of the route is {mtu}, and no sender of IPv6 goes below {sizes.LEAST_MTU6}"
            raise WalkEnd(place, out.name, "mtu", reason)
        if packet.protocol == "tcp":
            return Oversize(place=place, link=out, packet=packet, mtu=mtu, gateway=answer.gateway)
        reason = f"{out.name}{where(place)}: its MTU is {mtu}, the packet has {packet.length} bytes"
        raise WalkEnd(place, out.name, "mtu", reason, end=REJECTED)
    _doubt_length(trip, place, packet, out)
    return (yield from onward(trip, Out(place=place, link=out, packet=packet, gateway=answer.gateway)))


def _doubt_length(trip: Trip, place: PathPlace, packet: Packet, link: NetLink) -> None:
    """Doubt where the MTU of a route is larger than that of its interface: the kernel keeps to the route's."""
    if packet.length is not None and packet.length > link.mtu:
        trip.doubt(place, f"a route takes packets that are larger than the MTU of {link.name}")


def onward(trip: Trip, step: Out) -> Asking[Step]:
    """Let a packet pass the rules on its way through a place."""
    place = step.place
    packet = yield from hook(trip, place, (_family(step.packet), "forward"), step.packet)
    packet = replace(packet, port_in="", port_out="")
    packet = yield from _leaving(trip, place, packet, step.gateway, step.link)
    return replace(step, packet=packet)


def _leaving(trip: Trip, place: PathPlace, packet: Packet, gateway: str, out: NetLink) -> Asking[Packet]:
    """Let a packet pass the last hook; with another source the policies of IPsec are asked again."""
    before = (packet.source, packet.sport)
    packet = yield from hook(trip, place, (_family(packet), "postrouting"), packet, gateway=gateway)
    if (packet.source, packet.sport) != before:
        check_policies(trip, place, packet, "out", out)
    return packet


def routed(
    trip: Trip, place: PathPlace, packet: Packet, link: NetLink | None = None, *, with_source: bool = True
) -> Asking[tuple[RouteAnswer, NetLink]]:
    """Ask for a packet's route; raise ``WalkEnd`` without one."""
    question = question_of(place, packet, iif=0 if link is None else link.index, with_source=with_source)
    if question is None:
        raise WalkEnd(
            place,
            packet.inside or "",
            UNKNOWN,
            f"the routing{where(place)}: an address, the mark or the DSCP is not known",
            end=UNKNOWN,
        )
    _doubt_ports(trip, place, packet)
    answer = yield from ask(trip, question)
    if answer.error == NOT_KNOWN:
        raise WalkEnd(
            place, packet.inside or "", UNKNOWN, f"the routing{where(place)}: the kernel was not asked", end=UNKNOWN
        )
    forks.judge(trip, place, packet, answer, is_forwarded=link is not None and with_source)
    if answer.error:
        cause, reason = explained(place, packet, answer.error, link)
        raise WalkEnd(place, packet.inside or "", cause, reason)
    out = place.link(answer.link)
    if answer.kind == "local":
        lo = next((one for one in place.namespace.links if one.is_loopback), None)
        out = lo if link is None or out is None else out
    if out is None:
        raise WalkEnd(
            place,
            packet.inside or "",
            UNKNOWN,
            f"the routing{where(place)}: interface {answer.link} is not known",
            end=UNKNOWN,
        )
    if answer.kind != "local":
        trip.mtus.add(min(out.mtu, answer.mtu or out.mtu))
    trip.hop(place, out.name, "route", answer.kind, f"table {answer.table}" if answer.table else "")
    return answer, out


def _doubt_ports(trip: Trip, place: PathPlace, packet: Packet) -> None:
    """Doubt where a rule of routing applies to some, not all, of the ports that a sender may take by chance."""
    low, high = _EPHEMERAL.low, _EPHEMERAL.high
    for rule in place.namespace.rules:
        for span, number in ((rule.sport, packet.sport), (rule.dport, packet.port)):
            if span is None or rule.version != packet.version or number is None or number < low:
                continue
            if span[0] <= high and span[1] >= low and (span[0] > low or span[1] < high):
                # Where packets end after it depends on that port.
                trip.by_chance = (
                    f"{rule.command} {rule.priority}, which is about some of the ports that senders take by chance"
                )
                trip.doubt(place, trip.by_chance)


def _note_taken(trip: Trip, place: PathPlace, packet: Packet, answer: RouteAnswer) -> None:
    """Remember that a local route keeps a packet for another address, as those of transparent proxies do: the cause of what follows."""
    if trip.detour is not None or packet.destination is None or answer.table in {0, _LOCAL_TABLE}:
        return
    if PlaceSurroundings(trip.world, place, trip.answers).type_of(packet.version, packet.destination, "") != "local":
        text = shown(packet.version, packet.destination)
        reason = f"a local route of table {answer.table}{where(place)}: it keeps packets for {text} here"
        trip.detour = WalkEnd(place, packet.inside or "", "wrong-route", reason)


def _note_detour(trip: Trip, place: PathPlace, packet: Packet, answer: RouteAnswer, out: NetLink) -> None:
    """Remember that a packet for a container leaves by another interface than its bridge: the cause of what follows."""
    if trip.detour is not None or packet.destination is None or place.name != HOST or answer.kind == "local":
        return
    text = shown(packet.version, packet.destination)
    for name in places_with(trip.world, packet.version, packet.destination) - {HOST}:
        ends = _outer_ends(trip, trip.world.places[name])
        if not ends or any(out.index in {end.index, end.master} for end in ends):
            continue
        bridges = [bridge for end in ends if (bridge := place.link(end.master)) is not None]
        down = next((bridge for bridge in bridges if bridge.kind == "bridge" and not bridge.is_up), None)
        if down is not None:
            # The kernel has no routes over it then.
            trip.detour = WalkEnd(place, down.name, "link-down", f"bridge {down.name}: it is down")
        elif not _is_near(place, out, packet) or any(_is_near(place, bridge, packet) for bridge in bridges):
            reason = f"a route of table {answer.table or 254}: it sends packets for {name} ({text}) to {out.name}"
            trip.detour = WalkEnd(place, out.name, "wrong-route", reason)


def _outer_ends(trip: Trip, place: PathPlace) -> list[NetLink]:
    """Return the host's ends of a place's interfaces; nothing if one of those is of another kind."""
    if not any(link.peer_index for link in place.namespace.links):
        return []
    host = trip.world.host
    ends = [(link, host.link(link.peer_index)) for link in place.namespace.links if link.peer_index]
    return [end for link, end in ends if end is not None and end.peer_index == link.index]


def _is_near(place: PathPlace, link: NetLink, packet: Packet) -> bool:
    """Whether a packet's destination is in a network of an interface: then the route is right, and the receiver elsewhere."""
    for one in place.namespace.addresses_of(link.index, packet.version):
        span = network(f"{one.address}/{one.prefix}")
        if isinstance(span, Range) and packet.destination is not None and span.low <= packet.destination <= span.high:
            return True
    return False


def _is_off(place: PathPlace, link: str) -> bool:
    """Whether IPv6 is disabled on an interface."""
    settings = place.namespace.sysctls
    own = settings.get(f"net.ipv6.conf.{link}.disable_ipv6")
    found = own if own is not None else settings.get("net.ipv6.conf.all.disable_ipv6", "0")
    return found.strip() == "1"


def _hops(place: PathPlace, link: NetLink, version: int) -> int:
    """Return the number of hops that a packet of this place may take."""
    name = "net.ipv4.ip_default_ttl" if version == 4 else f"net.ipv6.conf.{link.name}.hop_limit"
    found = place.namespace.sysctls.get(name, "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 4 else 64


def _family(packet: Packet) -> str:
    return "ip" if packet.version == 4 else "ip6"
