"""Judges where a packet arrives: which program takes it, and what the network outside makes of its addresses."""

from doctor.facts.path.ending import WalkEnd, redirected
from doctor.facts.path.paths import NEW
from doctor.facts.path.rules.numbers import address, shown
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.surroundings import PlaceSurroundings
from doctor.facts.path.trip import Arrived, Trip
from doctor.facts.path.way import HOST, OUTSIDE, REJECTED, Way
from doctor.facts.path.world import PathPlace, PathSocket, named

_ECHO_IGNORED = {"icmp": "net.ipv4.icmp_echo_ignore_all", "ipv6-icmp": "net.ipv6.icmp.echo_ignore_all"}


def check_program(trip: Trip, way: Way, arrived: Arrived, socket: PathSocket | None) -> None:
    """Raise ``WalkEnd`` unless the packet arrived at the place and the program that it was sent to."""
    place, packet = arrived.place, arrived.packet
    if way.end == OUTSIDE or place.name != way.end:
        target = "" if packet.destination is None else shown(packet.version, packet.destination)
        if way.end == OUTSIDE and target != way.target:
            if place.inner is not None:
                socket = _taking(place.inner, packet)
            redirected(place, packet, target, socket, trip.diverted.get(place.name))
        if socket is None or place.name != HOST or way.end == OUTSIDE:
            is_port = place.name == HOST and way.end != OUTSIDE and packet.protocol in {"tcp", "udp"}
            cause = "proxy-missing" if is_port else "local-address"
            reason = (
                _own_address(place, target)
                if cause != "proxy-missing"
                else f"the host: no proxy listens on port {packet.port}"
            )
            raise WalkEnd(
                place, packet.inside or "", cause, reason, end=REJECTED if cause == "proxy-missing" else "dropped"
            )
        program = socket.program or "another program"
        raise WalkEnd(place, "", "taken", f"the host: {program} listens on port {packet.port}")
    if socket is None and packet.protocol in {"tcp", "udp"}:
        reason = f"{place.name}: no program listens on port {packet.port}"
        raise WalkEnd(place, "", "no-listener", reason, end=REJECTED)
    ignored = _ECHO_IGNORED.get(packet.protocol or "", "")
    if place.namespace.sysctls.get(ignored, "0").strip() == "1":
        raise WalkEnd(place, "", "echo-ignored", f"{place.name}: {ignored} is 1")


def _own_address(place: PathPlace, target: str) -> str:
    """Return that a place has the target's address. Of a new container that is the next free one: nobody has it."""
    new, _, bridge = place.name.partition(f"{NEW} on ")
    if bridge and not new:
        return f"{bridge}: no container has the address {target}"
    return f"{named(place)}: {target} is its own address"


def check_source(trip: Trip, arrived: Arrived) -> None:
    """Answers from outside need the address of the host, unless the network knows that of the container."""
    packet, place = arrived.packet, arrived.place
    if place.name != HOST:
        return
    around = PlaceSurroundings(trip.world, place, trip.answers)
    left = arrived.left or trip.world.host.namespace.links[0]
    port = left
    if left.master:
        # Where the uplink is a port, the host's address is the bridge's.
        left = place.link(left.master) or left
    if packet.source is None:
        trip.doubt(place, "the source of packets that leave is not known")
    elif around.type_of(packet.version, packet.source, left.name) != "local":
        text = shown(packet.version, packet.source)
        reason = f"{left.name}: they leave with the source {text}, which is not its address"
        if port is not left and around.type_of(packet.version, packet.source, port.name) == "local":
            reason = f"{reason}: {port.name}, which has it, is a port of {left.name} now"
        if packet.is_snat and around.type_of(packet.version, packet.source, "") == "local":
            # A host may have an address on no uplink that the network routes to it; nobody here knows.
            trip.undecide(place, f"the translation to the source {text}, which is not an address of {left.name}")
        else:
            trip.doubt(place, f"packets leave with the source {text}, which is not an address of {left.name}")
        trip.detour = trip.detour or WalkEnd(place, left.name, "no-masquerade", reason)


def check_destination(trip: Trip, way: Way, arrived: Arrived) -> None:
    """A target outside that a rule translated to another address outside: nobody here knows who answers there."""
    number, target = arrived.packet.destination, address(way.target)
    if number is None:
        trip.doubt(arrived.place, "the destination of packets that leave is not known")
    elif target is not None and number != target[1]:
        trip.doubt(arrived.place, f"packets leave for {shown(way.version, number)} instead of {way.target}")


def socket_of(place: PathPlace, packet: Packet) -> PathSocket | None:
    """Return the socket that takes a packet; any, if sockets are not known."""
    if packet.protocol not in {"tcp", "udp"}:
        return None
    if place.sockets is None:
        return PathSocket(protocol=packet.protocol, port=packet.port or 0)
    return _taking(place.sockets, packet)


def _taking(sockets: tuple[PathSocket, ...], packet: Packet) -> PathSocket | None:
    target = None if packet.destination is None else shown(packet.version, packet.destination)
    exact: PathSocket | None = None
    for socket in sockets:
        if (
            socket.protocol != packet.protocol
            or socket.port != packet.port
            or socket.version not in {0, packet.version}
        ):
            continue
        if socket.address == target:
            return socket
        # One that takes this version alone comes before one that takes both.
        if not socket.address and (exact is None or not exact.version):
            exact = socket
    return exact
