"""Default routes that a person changed to a gateway which has never answered, away from one that did."""

from collections.abc import Iterator

from doctor.facts.path.own.kept_state import KeptState, PlacedRoute, placed
from doctor.formats.netlink.routes import MAIN

_ASKS_NOBODY = 0x80 | 0x10 | 0x8
"""IFF_NOARP, IFF_POINTOPOINT, IFF_LOOPBACK."""
_BY_PEOPLE = frozenset({3, 4})
"""RTPROT_BOOT and RTPROT_STATIC; DHCP clients, routing daemons and keepalived know themselves which gateway is there."""


def best_defaults(state: KeptState, version: int) -> list[PlacedRoute]:
    """Return the default routes of the main table with the lowest metric."""
    mine = [one for one in placed(state.now) if one.is_default and one.route.version == version]
    mine = [one for one in mine if one.route.table == MAIN and one.route.kind == "unicast"]
    return [one for one in mine if one.route.metric == min(other.route.metric for other in mine)]


def has_entry(state: KeptState, one: PlacedRoute) -> bool:
    """Whether the host knows its gateway as a neighbour, or has asked for it."""
    link = state.now.named(one.device)
    return link is not None and any(
        (entry.link, entry.address) == (link.index, one.route.gateway) for entry in state.now.neighbours
    )


def is_unheard(state: KeptState, one: PlacedRoute) -> bool:
    """Whether it is such a default route; a file of the host may set it nevertheless."""
    link = state.now.named(one.device)
    if state.kept is None or link is None or link.flags & _ASKS_NOBODY or not (link.is_up and link.has_carrier):
        return False
    if not one.route.gateway or one.route.protocol not in _BY_PEOPLE or has_entry(state, one) or state.has_route(one):
        return False
    return any(
        was.is_default
        and was.route.version == one.route.version
        and state.fits(was)  # else the host has moved to another network
        and state.neighbour(was.device, was.route.gateway)
        for was in state.lost_routes()
    )


def unheard_defaults(state: KeptState) -> Iterator[PlacedRoute]:
    """Yield them of both families."""
    for version in (4, 6):
        yield from (one for one in best_defaults(state, version) if is_unheard(state, one))
