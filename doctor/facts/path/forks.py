"""Routes with several next hops: the kernel chooses one by addresses, ports and flow labels, which nobody knows before."""

from collections.abc import Mapping

from doctor.facts.path.ending import WalkEnd
from doctor.facts.path.namespace import NetRoute, NextHop
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.rules.packet import Packet
from doctor.facts.path.segment import owners
from doctor.facts.path.trip import Trip
from doctor.facts.path.way import UNKNOWN
from doctor.facts.path.world import PathPlace, where
from doctor.model.text import in_words

SETTINGS = ("net.ipv4.fib_multipath_hash_policy", "net.ipv4.fib_multipath_use_neigh")
"""Settings by which the kernel chooses: if both are 0 by the two addresses alone, so that its answer is true for real packets."""


def judge(trip: Trip, place: PathPlace, packet: Packet, answer: RouteAnswer, *, is_forwarded: bool) -> None:
    """End at a route with several next hops: certainly if nobody answers for any, or for the one of these addresses, else it is not known.

    If somebody answers for that one, nothing is known about other addresses outside, for which the packet stands.
    """
    if answer.error or answer.kind == "local":
        return
    for route in place.forks(packet.version, packet.destination or 0, answer.table):
        if any((hop.link, hop.gateway) == (answer.link, answer.gateway) for hop in route.hops):
            _end(trip, place, packet, route, answer if is_forwarded and _is_by_addresses(place, route) else None)


def _is_by_addresses(place: PathPlace, route: NetRoute) -> bool:
    """Whether the two addresses decide; a next hop object is chosen by the state of neighbours, too."""
    settings: Mapping[str, str] = place.namespace.sysctls
    return route.version == 4 and not route.nhid and all(settings.get(name, "").strip() == "0" for name in SETTINGS)


def _end(trip: Trip, place: PathPlace, packet: Packet, route: NetRoute, chosen: RouteAnswer | None) -> None:
    silent = [hop for hop in route.hops if _is_silent(trip, place, hop)]
    names = in_words([hop.gateway for hop in silent]) if silent else ""
    if len(silent) == len(route.hops):
        link = place.link(silent[0].link)
        device = "" if link is None else link.name
        reason = (
            f"{device}{where(place)}: nobody answers for {names}, the next hops of the route to {route.destination}"
        )
        raise WalkEnd(place, device, "neighbour", reason)
    for hop in silent if chosen is not None else ():
        link = place.link(hop.link)
        if chosen is not None and link is not None and (hop.link, hop.gateway) == (chosen.link, chosen.gateway):
            reason = f"{link.name}{where(place)}: nobody answers for {hop.gateway}, one of {len(route.hops)} next hops of the route to {route.destination}"
            raise WalkEnd(place, link.name, "neighbour", reason)
    text = f"the route to {route.destination} has {len(route.hops)} next hops"
    if silent:
        trip.undecide(
            place,
            f"the route to {route.destination} over {len(route.hops)} next hops, of which {names} does not answer",
        )
    raise WalkEnd(place, packet.inside or "", UNKNOWN, f"the routing{where(place)}: {text}", end=UNKNOWN)


def _is_silent(trip: Trip, place: PathPlace, hop: NextHop) -> bool:
    """Whether nobody answered for a next hop, and nobody who is known has its address."""
    link, found = place.link(hop.link), address(hop.gateway) if hop.gateway else None
    entry = None if found is None else place.neighbour(hop.link, *found)
    if link is None or found is None or entry is None or not entry.is_silent:
        return False
    return not owners(trip.world, place, link, *found)
