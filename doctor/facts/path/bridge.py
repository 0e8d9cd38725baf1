"""Bridges: a packet from a port is for the host or for another port; the host sends by a port."""

from msgspec.structs import replace

from doctor.facts.path.device import RATED, check_length, leave, over
from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetLink, drops
from doctor.facts.path.neighbours import destination_mac
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.segment import calls_iptables, ports_of
from doctor.facts.path.stack import routed
from doctor.facts.path.trip import Asking, Incoming, Step, Trip, hook
from doctor.facts.path.way import UNKNOWN
from doctor.facts.path.world import PathPlace
from doctor.facts.path.xfrm.passed import check_policies

_FORWARDING = 3
_PVID = 2
"""BRIDGE_VLAN_INFO_PVID: the VLAN of packets without a tag."""


def from_bridge(trip: Trip, place: PathPlace, bridge: NetLink, packet: Packet) -> Asking[Step]:
    """Send a packet of the host by a port of its bridge."""
    port = _port_for(trip, place, bridge, packet)
    packet = replace(packet, inside="", outside=port.name, bridge=bridge.name)
    _check_port(place, port, bridge)
    _check_vlans(place, bridge, (None, port))
    packet = yield from hook(trip, place, ("bridge", "output"), packet)
    packet = yield from hook(trip, place, ("bridge", "postrouting"), packet)
    return (yield from _by_port(trip, place, port, packet))


def _by_port(trip: Trip, place: PathPlace, port: NetLink, packet: Packet) -> Asking[Step]:
    check_length(trip, place, port, packet)
    packet = yield from leave(trip, place, port, packet)
    return over(trip, place, port, packet)


def into_bridge(trip: Trip, place: PathPlace, port: NetLink, bridge: NetLink, packet: Packet) -> Asking[Step]:
    """Take a packet from a port of a bridge: it is for the host, or for another port."""
    _check_port(place, port, bridge)
    packet = replace(packet, bridge=bridge.name)
    ports = ports_of(trip.world, place, bridge)
    mac = packet.destination_mac
    is_own = ports.keeps(bridge.mac)
    is_local = mac is not None and mac == bridge.mac and is_own
    if not is_local and mac in ports.local:
        reason = f"bridge {bridge.name}: its forwarding table keeps packets to {mac} for the host"
        is_local = mac == port.mac
        if not is_local:
            raise WalkEnd(place, bridge.name, "wrong-mac", reason)
    packet = replace(packet, packet_type="host" if is_local else "other")
    packet = yield from hook(trip, place, ("bridge", "prerouting"), packet)
    is_filtered = calls_iptables(place, bridge, packet.version)
    before = packet
    if is_filtered:
        family = "ip" if packet.version == 4 else "ip6"
        # To these rules every packet is one for the host.
        packet = replace(packet, inside=bridge.name, port_in=port.name, port_out="", packet_type="host")
        packet = yield from hook(trip, place, (family, "prerouting"), packet)
        packet = replace(packet, inside=port.name, packet_type=before.packet_type)
        if packet.destination != before.destination:
            is_local, packet = yield from _translated(trip, place, bridge, packet)
            is_local = is_local and is_own
    if is_local:
        _check_vlans(place, bridge, (port, None))
        packet = yield from hook(trip, place, ("bridge", "input"), packet)
        packet = replace(packet, inside=bridge.name, port_in=port.name if is_filtered else "", port_out="")
        packet = yield from hook(trip, place, ("netdev", "ingress"), packet, device=bridge.name)
        return Incoming(
            place=place, link=bridge, packet=replace(packet, packet_type="host", bridge=None), is_prerouted=is_filtered
        )
    return (yield from _forward(trip, place, port, bridge, packet))


def _translated(trip: Trip, place: PathPlace, bridge: NetLink, packet: Packet) -> Asking[tuple[bool, Packet]]:
    """Decide where a packet goes whose destination a rule changed on the bridge: it is routed, unless its way is that bridge."""
    answer, out = yield from routed(trip, place, replace(packet, inside=bridge.name), bridge)
    if answer.kind == "local" or out.index != bridge.index:
        return True, replace(packet, destination_mac=bridge.mac)
    for qdisc in place.qdiscs(bridge.index):
        if qdisc.kind in RATED or drops(qdisc, packet.length or 0):
            # Only to a receiver whose address is fresh it goes from port to port.
            trip.undecide(place, f"queue {qdisc.kind} of {bridge.name}")
    return False, replace(packet, destination_mac=destination_mac(trip, place, bridge, packet, answer.gateway))


def _forward(trip: Trip, place: PathPlace, port: NetLink, bridge: NetLink, packet: Packet) -> Asking[Step]:
    """Send a packet from one port of a bridge to another."""
    out = _port_for(trip, place, bridge, packet)
    _check_port(place, out, bridge)
    _check_vlans(place, bridge, (port, out))
    if out.index == port.index and not (port.port is not None and port.port.is_hairpin):
        reason = f"port {port.name} of {bridge.name}: the receiver is behind the same port, which has no hairpin mode"
        raise WalkEnd(place, port.name, "port-hairpin", reason)
    if port.port is not None and out.port is not None and port.port.is_isolated and out.port.is_isolated:
        reason = f"port {port.name} of {bridge.name}: it is isolated, and so is {out.name}"
        raise WalkEnd(place, port.name, "port-isolated", reason)
    packet = yield from hook(trip, place, ("bridge", "forward"), replace(packet, outside=out.name))
    is_filtered = calls_iptables(place, bridge, packet.version)
    family = "ip" if packet.version == 4 else "ip6"
    if is_filtered:
        inner = replace(
            packet, inside=bridge.name, outside=bridge.name, port_in=port.name, port_out=out.name, packet_type="host"
        )
        packet = yield from hook(trip, place, (family, "forward"), inner)
    packet = replace(packet, inside=port.name, outside=out.name, packet_type="other")
    packet = yield from hook(trip, place, ("bridge", "postrouting"), packet)
    if is_filtered:
        inner = replace(
            packet, inside="", outside=bridge.name, port_in=port.name, port_out=out.name, packet_type="host"
        )
        packet = yield from hook(trip, place, (family, "postrouting"), inner)
        if (packet.source, packet.sport) != (inner.source, inner.sport):
            _doubt_policies(trip, place, packet, bridge)
    trip.hop(place, bridge.name, "bridge", out.name)
    return (yield from _by_port(trip, place, out, replace(packet, inside=port.name)))


def _doubt_policies(trip: Trip, place: PathPlace, packet: Packet, bridge: NetLink) -> None:
    """Ask the policies of IPsec for a packet with another source: if they take it depends on how the bridge routed it."""
    try:
        check_policies(trip, place, packet, "out", bridge)
    except WalkEnd as end:
        raise WalkEnd(place, bridge.name, UNKNOWN, end.reason, end=UNKNOWN) from end


def _check_vlans(place: PathPlace, bridge: NetLink, ports: tuple[NetLink | None, NetLink | None]) -> None:
    """Raise ``WalkEnd`` if a bridge that filters VLANs keeps a packet between two ports; ``None`` is the bridge itself."""
    if bridge.bridge is None or not bridge.bridge.filters_vlans:
        return
    into, out = ports
    first = bridge if into is None else into
    second = bridge if out is None else out
    untagged = [number for number, flags in _vlans(first) if flags & _PVID]
    known = {number for number, _ in _vlans(second)}
    if not _vlans(first) or not _vlans(second):
        raise WalkEnd(
            place, bridge.name, UNKNOWN, f"bridge {bridge.name}: it filters VLANs, which were not read", end=UNKNOWN
        )
    if not untagged or untagged[0] not in known:
        reason = f"bridge {bridge.name}: {second.name} is not in the VLAN of {first.name}"
        raise WalkEnd(place, bridge.name, "vlan", reason)


def _vlans(link: NetLink) -> tuple[tuple[int, int], ...]:
    return () if link.port is None else link.port.vlans


def _check_port(place: PathPlace, port: NetLink, bridge: NetLink) -> None:
    """Raise ``WalkEnd`` if a port takes no packets."""
    if not bridge.is_up:
        raise WalkEnd(place, bridge.name, "link-down", f"bridge {bridge.name}: it is down")
    if port.port is not None and port.port.is_locked:
        raise WalkEnd(place, port.name, UNKNOWN, f"port {port.name} of {bridge.name}: it is locked", end=UNKNOWN)
    if not port.is_up:
        raise WalkEnd(place, port.name, "link-down", f"interface {port.name}: it is down")
    if port.port is not None and port.port.state != _FORWARDING:
        states = {0: "disabled", 1: "listening", 2: "learning", 4: "blocking"}
        state = states.get(port.port.state, str(port.port.state))
        raise WalkEnd(place, port.name, "port-disabled", f"port {port.name} of {bridge.name}: its state is {state}")


def _learns(port: NetLink) -> bool:
    return port.port is None or port.port.learns


def _port_for(trip: Trip, place: PathPlace, bridge: NetLink, packet: Packet) -> NetLink:
    """Return the port of a bridge by which a packet leaves."""
    mac = packet.destination_mac
    ports = ports_of(trip.world, place, bridge)
    learned = place.link(ports.learned.get(mac, 0)) if mac is not None else None
    behind = ports.by_mac.get(mac, []) if mac is not None else []
    if learned is not None and learned.mac != mac and learned.master == bridge.index:
        if mac not in ports.local and any(one.index != learned.index and _learns(one) for one in behind):
            # The owner's next packet moves the entry, also one set by hand.
            reason = f"bridge {bridge.name}: its forwarding table has {mac} at {learned.name}, until it sends by {behind[0].name}"
            raise WalkEnd(place, bridge.name, UNKNOWN, reason, end=UNKNOWN)
        return learned
    if len(behind) == 1:
        if behind[0].port is not None and not behind[0].port.floods:
            trip.doubt(
                place, f"the bridge may not know the address behind port {behind[0].name}, which takes no others"
            )
        return behind[0]
    if mac is None or ports.unknown:
        if len(ports.unknown) == 1 and not behind:
            return ports.unknown[0]
        reason = f"bridge {bridge.name}: the receiver's port is not known"
        raise WalkEnd(place, bridge.name, UNKNOWN, reason, end=UNKNOWN)
    raise WalkEnd(place, bridge.name, "wrong-mac", f"bridge {bridge.name}: no port leads to {mac}")
