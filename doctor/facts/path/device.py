"""Interfaces that send: the egress hook, the queue, and the other end."""

from msgspec.structs import replace

from doctor.facts.kernel.sysctl import neighbour_key
from doctor.facts.path.ending import WalkEnd, self_addressed
from doctor.facts.path.namespace import FILTERING, NetLink, drops
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.rules.sizes import TOLERATED
from doctor.facts.path.segment import peer_of
from doctor.facts.path.trip import Arrived, Asking, Frame, Step, Trip, entered, hook
from doctor.facts.path.way import DROPPED, HOST, UNKNOWN
from doctor.facts.path.world import End, PathPlace, where

_WITH_CARRIER = frozenset({"", "tun"})
"""Hardware, and tunnels that a program serves: without a carrier they send nothing."""
RATED = frozenset({"netem", "tbf"})
"""Queues that drop some packets."""
TUNNELS = frozenset({
    "tun", "wireguard", "vxlan", "geneve", "gre", "gretap", "ipip", "sit", "ip6tnl", "ip6gre", "vti", "vti6", "xfrm", "ppp",
})  # fmt: skip


def leave(trip: Trip, place: PathPlace, link: NetLink, packet: Packet) -> Asking[Packet]:
    """Let a packet pass the egress hook and the queue of an interface."""
    packet = yield from hook(trip, place, ("netdev", "egress"), replace(packet, outside=link.name), device=link.name)
    if link.is_up and not link.has_carrier and link.kind in _WITH_CARRIER:
        # The kernel takes the queue away from such an interface, and drops what is sent by it.
        why = "no program is attached to it" if link.kind == "tun" else "it has no carrier"
        raise WalkEnd(place, link.name, "no-carrier", f"interface {link.name}{where(place)}: {why}")
    for qdisc in place.qdiscs(link.index):
        if drops(qdisc, packet.length or 0):
            raise WalkEnd(
                place, link.name, "qdisc", f"queue {qdisc.kind} of {link.name}{where(place)}: it drops every packet"
            )
        if qdisc.kind in RATED:
            trip.undecide(place, f"queue {qdisc.kind} of {link.name}")
    doubt_filters(trip, place, link)
    trip.hop(place, link.name, "link", "out")
    return packet


def doubt_filters(trip: Trip, place: PathPlace, link: NetLink) -> None:
    """Doubt about an interface where filters of tc may drop or redirect packets: they are not judged."""
    for qdisc in place.qdiscs(link.index):
        if qdisc.kind in FILTERING and qdisc.has_filters is not False:
            trip.undecide(place, f"filters of tc on {link.name}")


def over(trip: Trip, place: PathPlace, link: NetLink, packet: Packet) -> Step:
    """Hand a packet to the other end of a veth, or to the network outside."""
    peer = peer_of(trip.world, place, link)
    if peer is not None:
        other, end = peer
        check_length(trip, other, end, packet)
        return Frame(place=other, link=end, packet=entered(trip, other, packet))
    if link.kind == "veth" and packet.destination_mac is not None and packet.destination_mac == link.mac:
        raise self_addressed(place, link.name)
    if link.kind == "veth" and place.name != HOST:
        raise WalkEnd(place, link.name, UNKNOWN, f"{link.name}{where(place)}: its other end is not known", end=UNKNOWN)
    if link.kind in TUNNELS:
        trip.doubt(place, f"packets leave by {link.name}, a tunnel")
    return Arrived(place=place, packet=packet, left=link)


def check_length(trip: Trip, place: PathPlace, link: NetLink, packet: Packet) -> None:
    """Raise ``WalkEnd`` if a packet is longer than a veth or a port takes: nobody learns it."""
    if packet.length is None or packet.length <= link.mtu + TOLERATED:
        return
    reason = f"{link.name}{where(place)}: its MTU is {link.mtu}, the packet has {packet.length} bytes"
    # Data that the kernel splits later is let through, the same data sent again is not.
    is_split = trip.way.data or trip.is_split or trip.segment is None or packet.length > trip.segment
    raise WalkEnd(place, link.name, "mtu", reason, end=UNKNOWN if is_split else DROPPED)


def through_parent(trip: Trip, place: PathPlace, link: NetLink, packet: Packet) -> Step:
    """Send a packet of a macvlan or ipvlan interface by the host's interface below it."""
    host = trip.world.host
    parent = host.link(link.lower)
    if parent is None:
        raise WalkEnd(place, link.name, UNKNOWN, f"{link.name}{where(place)}: its parent is not known", end=UNKNOWN)
    if not parent.is_up:
        raise WalkEnd(host, parent.name, "link-down", f"interface {parent.name}: it is down")
    if trip.way.end != "outside":
        raise WalkEnd(
            place, link.name, UNKNOWN, f"{link.name}{where(place)} shares {parent.name} with the host", end=UNKNOWN
        )
    return Arrived(place=place, packet=packet, left=link)


def check_asking(trip: Trip, asker: End, owner: End | None, version: int, text: str) -> None:
    """Raise ``WalkEnd`` if an interface asks nobody for an address that is not known; doubt if its owner may have asked."""
    place, link = asker
    if owner is not None:
        if (place.name, link.index, owner[0].name) in trip.learned:
            return
        trip.learned.add((owner[0].name, owner[1].index, place.name))
    key = neighbour_key(link.name, "mcast_solicit", version)
    settings = place.namespace.sysctls
    if settings.get(key, "").strip() != "0":
        return
    by_program = settings.get(neighbour_key(link.name, "app_solicit", version), "").strip()
    if by_program != "0" or trip.is_answer:
        trip.doubt(place, f"{key} is 0: the address {text} is known only if its owner has asked first")
        return
    raise WalkEnd(
        place, link.name, "neighbour", f"{link.name}{where(place)}: {key} is 0, so nobody is asked for {text}"
    )
