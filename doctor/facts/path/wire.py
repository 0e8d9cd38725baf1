"""Interfaces: what they send, receive and hand over to each other, and who answers for an address."""

from msgspec.structs import replace

from doctor.facts.path.bridge import from_bridge, into_bridge
from doctor.facts.path.device import doubt_filters, leave, over, through_parent
from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink
from doctor.facts.path.neighbours import destination_mac
from doctor.facts.path.rules.numbers import network
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.values import Range
from doctor.facts.path.trip import Asking, Frame, Incoming, Out, Step, Trip, hook
from doctor.facts.path.way import HOST
from doctor.facts.path.world import PathPlace, where

_ALL_ONES = "ff:ff:ff:ff:ff:ff"
_SHARED = frozenset({"macvlan", "ipvlan"})


def transmit(trip: Trip, step: Out) -> Asking[Step]:
    """Send a packet by an interface."""
    place, link, packet = step.place, step.link, step.packet
    if not link.is_up:
        raise WalkEnd(place, link.name, "link-down", f"interface {link.name}{where(place)}: it is down")
    if link.kind == "dummy":
        raise WalkEnd(place, link.name, "dummy", f"interface {link.name}{where(place)}: it drops every packet")
    mac = destination_mac(trip, place, link, packet, step.gateway)
    packet = replace(packet, source_mac=link.mac or None, destination_mac=mac)
    packet = yield from leave(trip, place, link, packet)
    if link.is_loopback:
        packet = yield from hook(
            trip, place, ("netdev", "ingress"), replace(packet, inside=link.name, outside=""), device=link.name
        )
        return Incoming(place=place, link=link, packet=replace(packet, is_local_out=False))
    if link.kind == "bridge":
        return (yield from from_bridge(trip, place, link, packet))
    if link.kind in _SHARED:
        return through_parent(trip, place, link, packet)
    return over(trip, place, link, packet)


def receive(trip: Trip, step: Frame) -> Asking[Step]:
    """Receive a packet by an interface: it goes to its bridge, or to the IP layer."""
    place, link, packet = step.place, step.link, step.packet
    if not link.is_up:
        raise WalkEnd(place, link.name, "link-down", f"interface {link.name}{where(place)}: it is down")
    if link.xdp:
        trip.undecide(place, f"an XDP program on {link.name}")
    doubt_filters(trip, place, link)
    packet = replace(packet, inside=link.name, outside="")
    packet = yield from hook(trip, place, ("netdev", "ingress"), packet, device=link.name)
    trip.hop(place, link.name, "link", "in")
    if link.master:
        master = place.link(link.master)
        if master is not None and master.kind == "bridge":
            return (yield from into_bridge(trip, place, link, master, packet))
        if master is not None and master.kind in {"bond", "team", "vrf"}:
            return Incoming(place=place, link=master, packet=replace(packet, inside=master.name, packet_type="host"))
    mac = packet.destination_mac
    if mac is not None and link.mac and mac not in {link.mac, _ALL_ONES}:
        cause = "no-bridge" if link.kind == "veth" and place.name == HOST else "wrong-mac"
        reason = f"{link.name}{where(place)}: it is for {mac}, which is not its address"
        if cause == "no-bridge":
            reason = f"{link.name}: it is not a port of a bridge"
        raise WalkEnd(place, link.name, cause, reason)
    _note_detached(trip, place, link, packet)
    return Incoming(place=place, link=link, packet=replace(packet, packet_type="host"))


def _note_detached(trip: Trip, place: PathPlace, link: NetLink, packet: Packet) -> None:
    """Remember that a container's packet arrives beside the bridge that has its network: the cause of what follows."""
    if trip.detour is not None or place.name != HOST or link.kind != "veth" or packet.source is None:
        return
    for one in place.namespace.addresses:
        bridge = place.link(one.link)
        span = network(f"{one.address}/{one.prefix}") if one.version == packet.version else None
        if bridge is None or bridge.kind != "bridge" or not isinstance(span, Range):
            continue
        if span.low <= packet.source <= span.high:
            reason = f"{link.name}: it is not a port of a bridge ({bridge.name} has its network)"
            trip.detour = WalkEnd(place, link.name, "no-bridge", reason)
