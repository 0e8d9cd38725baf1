"""The kernel has no route to a network of the engine."""

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import LostRoute
from doctor.facts.network.links import Link, Links, Route
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR,
    detail=LostRoute,
    breaks=("egress", "port", "dns"),
    ends=("wrong-route", "wrong-way", "no-route", "no-default-route", "rp-filter"),
    ok="the kernel has a route to every network whose bridge has an address",
)
def bridge_route_missing(networks: Networks, links: Links) -> Iterator[Finding]:
    """The bridge of a network is up and has its address, but the kernel has no route to the network through it.

    What it looks at:
        For each bridge network whose bridge is up and has the gateway's address: the IPv4 and IPv6 routes through the bridge in
        every table. A route with the same prefix through another interface is a separate finding.

    Why it matters:
        Replies to containers leave by the default route instead, so containers reach nothing outside and published ports time
        out, although names, addresses and rules look correct. A restart of the engine does not add the route, because the bridge
        already has its address. VPN clients, "ip route flush" and network managers delete such routes.

    How it is fixed:
        The route is added as the kernel creates it, with the gateway's address as its source. Containers are not affected.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not link.is_up:
            continue
        for gateway in (network.gateway, network.gateway6):
            lost = _lost(links, link, gateway) if gateway else None
            if lost is not None:
                yield _finding(network, lost)


def _lost(links: Links, link: Link, gateway: str) -> LostRoute | None:
    """Return the connected route that a bridge lacks, ``None`` if it has one or does not need one."""
    address = ip_interface(gateway)
    subnet = address.network
    if not link.has(gateway) or subnet.prefixlen >= subnet.max_prefixlen - 1:
        return None
    same = [route for route in links.routes if _leads_to(route, str(subnet), address.version)]
    inside = [
        route
        for route in links.routes
        if route.device == link.name and route.table != "local" and _overlaps(route, str(subnet), address.version)
    ]
    if inside or any(route.device and route.kind == "unicast" for route in same):
        return None
    taken = next((f"{route.kind} {route.destination}" for route in same), "")
    return LostRoute(bridge=link.name, subnet=str(subnet), source=str(address.ip), version=address.version, taken=taken)


def _leads_to(route: Route, subnet: str, version: int) -> bool:
    return route.version == version and route.table == "main" and route.destination == subnet


def _overlaps(route: Route, subnet: str, version: int) -> bool:
    if route.version != version or route.kind not in {"unicast", ""}:
        return False
    if route.destination == "default":
        return True
    try:
        found, wanted = ip_network(route.destination, strict=False), ip_network(subnet)
    except ValueError:
        return False
    return found.version == wanted.version and found.overlaps(wanted)


def _finding(network: Network, lost: LostRoute) -> Finding:
    word = "" if lost.version == 4 else "IPv6 "
    instead = f"; the host drops packets to it ({lost.taken})" if lost.taken else ""
    return Finding(
        subject=Subject("network", network.name if lost.version == 4 else f"{network.name} (IPv6)"),
        message=(
            f"the kernel has no {word}route to {lost.subnet} through {lost.bridge}{instead}: containers of network"
            f" {network.name} get no replies from outside"
        ),
        evidence=(
            Evidence(
                "ip route" if lost.version == 4 else "ip -6 route", f"no route to {lost.subnet} dev {lost.bridge}"
            ),
            Evidence("ip addr", f"{lost.bridge}: {lost.source}, up"),
        ),
        detail=lost,
    )
