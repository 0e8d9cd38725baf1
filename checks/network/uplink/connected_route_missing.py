"""The route to the network of one of the host's addresses is missing."""

from collections.abc import Iterator
from ipaddress import ip_interface

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import RoutesLost
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute


@check(
    severity=Severity.ERROR,
    detail=RoutesLost,
    breaks=("egress", "port"),
    ok="the host has the routes to the networks of its addresses that the last healthy scan saw",
)
def connected_route_missing(
    namespaces: NetNamespaces, networks: Networks, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """An interface of the host has its address, but the route to its network is gone: hosts and gateways there are not reached.

    What it looks at:
        The routes to networks of the host's own addresses that the last healthy scan saw, if the interface is up and still has the
        address. The bridges of the engine have a check of their own.

    Why it matters:
        Packets of containers to that network, and answers to clients in it, take another route, such as that of a VPN, or none. A
        default route can't be added if its gateway is in that network.

    How it is fixed:
        The route is added as the kernel adds it with the address.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    state = KeptState(namespaces.host, record)
    bridges = {network.bridge for network in networks.bridges}
    for route in state.lost_routes():
        link = namespaces.host.named(route.device)
        if link is None or not link.is_up or link.name in bridges or not _is_connected(namespaces, link.index, route):
            continue
        yield Finding(
            subject=Subject("route", route.text),
            message=(
                f"the host has no route to {route.route.destination} through {link.name}, although it has an address there: packets of"
                " containers to that network and its gateways end or take another way"
            ),
            evidence=(
                Evidence("ip route", f"no {route.text}"),
                Evidence(state.place, route.text),
            ),
            detail=RoutesLost(routes=(route,)),
        )


def _is_connected(namespaces: NetNamespaces, link: int, one: PlacedRoute) -> bool:
    """Whether a route belongs to an address that the interface has now, and no other route over it leads there."""
    route = one.route
    if route.gateway or route.kind != "unicast" or one.is_default:
        return False
    own = namespaces.host.addresses_of(link, route.version)
    if not any(str(ip_interface(address.text).network) == route.destination for address in own):
        return False
    return not any(
        (other.destination, other.link, other.version) == (route.destination, link, route.version)
        for other in namespaces.host.routes
    )
