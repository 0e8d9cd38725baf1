"""The host's uplinks as the last healthy scan saw them: which of them lost something that no other one replaces."""

from collections.abc import Iterator

from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetLink, NetNamespace
from doctor.facts.path.own.kept_state import DEFAULTS, KeptState, PlacedRoute, placed
from doctor.facts.path.paths import PathCut
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import MAIN

_KERNEL = 2
"""RTPROT_KERNEL."""


def lost_uplinks(state: KeptState) -> Iterator[NetLink]:
    """Yield the interfaces, as they are now, of default routes that are gone and that no other default route replaces."""
    if state.kept is None:
        return
    working = {route.route.version for route in placed(state.now) if route.is_default and _works(state, route)}
    names = dict.fromkeys(
        one.device for one in state.lost_routes() if one.is_default and one.route.version not in working and one.device
    )
    for name in names:
        link = state.now.named(name)
        if link is not None:
            yield link


def bare_uplinks(state: KeptState) -> Iterator[NetLink]:
    """Yield the interfaces of default routes that are there, of which the kernel keeps those of IPv6 without any address."""
    if state.kept is None:
        return
    routes = [one for one in placed(state.now) if one.is_default and one.route.table == MAIN and _works(state, one)]
    for name in dict.fromkeys(one.device for one in routes if one.route.version == 6):
        link = state.now.named(name)
        if link is not None:
            yield link


def _works(state: KeptState, one: PlacedRoute) -> bool:
    """Whether a default route leads anywhere at all."""
    links = [state.now.named(name) for name in one.devices or (one.device,)]
    return one.route.kind == "unicast" and any(link is not None and link.is_up and link.has_carrier for link in links)


def routes_over(state: KeptState, device: str) -> tuple[PlacedRoute, ...]:
    """Return the routes over an interface that are gone and that the kernel does not add by itself, those to gateways first."""
    mine = [
        one
        for one in state.lost_routes()
        if one.device == device
        and (one.route.gateway or one.route.protocol != _KERNEL)
        and one.route.kind == "unicast"
        and one.route.is_restorable
    ]
    return tuple(sorted(mine, key=lambda one: (bool(one.route.gateway), one.route.destination in DEFAULTS.values())))


def own_link(namespace: NetNamespace, networks: Networks, cut: PathCut) -> NetLink | None:
    """Return the interface of the host at which packets end, ``None`` for one of the engine: a bridge of it or a port."""
    link = namespace.named(cut.device) if cut.place == HOST else None
    if link is None or link.master or link.is_loopback:
        return None
    return None if any(network.bridge == link.name for network in networks.bridges) else link
