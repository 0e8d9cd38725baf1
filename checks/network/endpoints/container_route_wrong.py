"""A route that the engine set in a running container leads elsewhere, or is missing."""

from collections.abc import Iterator
from ipaddress import ip_interface

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import Request, RoutesWrong
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink, NetRoute
from doctor.formats.netlink.routes import KERNEL, MAIN

_FORWARD = "net.ipv4.ip_forward"
_BOOT = 3
"""RTPROT_BOOT: as the engine's own routes."""


@check(
    severity=Severity.ERROR,
    detail=RoutesWrong,
    breaks=("egress", "port"),
    ends=("neighbour", "wrong-mac", "no-route", "no-default-route", "wrong-route", "forwarding-off"),
    ok="the default route of every running container leads to its network's gateway",
)
def container_route_wrong(endpoints: PathEndpoints) -> Iterator[Finding]:
    """The default route of a container leads to another address than its gateway, or the route to its own network is missing.

    What it looks at:
        The routes over each running container's interfaces, beside the gateways and networks that the engine recorded.
        Containers whose programs may change the network (NET_ADMIN) and runtimes other than runc are left out, and a gateway that
        is a container which forwards: it may be one on purpose.

    Why it matters:
        The container reaches nothing outside, and clients outside get no answer from its ports, although its address, the bridge
        and the rules are right.

    How it is fixed:
        A missing route is added. A default route over another gateway was set by somebody, perhaps to a VPN that is off now:
        ``--choose`` asks whether the engine's replaces it. The container does not restart; connections that used the wrong
        gateway end.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    addresses = {one.address.partition("/")[0] for one in endpoints.items if one.namespace.sysctls.get(_FORWARD) != "0"}
    for one in endpoints.made:
        link = one.inner
        if link is None or not link.is_up or one.found is None or "routes" in one.namespace.cut:
            continue
        wrong = [route for route in _defaults(one, link) if route.gateway not in {one.gateway, *addresses}]
        missing = _connected_route(one, link)
        if wrong or missing:
            yield _finding(endpoints, one, link, wrong, missing)


def _defaults(one: PathEndpoint, link: NetLink) -> list[NetRoute]:
    """The default routes over the interface; one without a gateway asks ARP for every address, as proxies of ARP want it."""
    return [
        route
        for route in one.namespace.routes
        if route.link == link.index
        and (route.version, route.destination, route.table, route.kind) == (4, "0.0.0.0/0", MAIN, "unicast")
        and route.gateway
        and one.gateway
    ]


def _connected_route(one: PathEndpoint, link: NetLink) -> Request | None:
    """The route to the container's own network, as the kernel adds it with the address, if it is missing."""
    if one.found is None or one.found.prefix >= 32:
        return None
    interface = ip_interface(one.address)
    network = str(interface.network)
    if any(route.destination == network and route.link == link.index for route in one.namespace.routes):
        return None
    return {"dst": network, "dev": link.name, "prefsrc": str(interface.ip), "proto": KERNEL}


def _finding(
    endpoints: PathEndpoints, one: PathEndpoint, link: NetLink, wrong: list[NetRoute], missing: Request | None
) -> Finding:
    gateway = one.gateway if wrong or (missing and not one.has_default()) else ""
    default: Request = {"dst": "default", "gateway": gateway, "dev": link.name, "proto": _BOOT}
    needs_default = bool(gateway) and (bool(wrong) or endpoints.gateway_of(one) == gateway)
    if wrong:
        message = f"the default route of container {one.name} leads to {wrong[0].gateway}, not to the gateway {one.gateway} of network {one.network.name}"
    else:
        message = f"container {one.name} has no route to its own network {one.network.name}"
    return Finding(
        subject=Subject("container", one.name),
        message=f"{message}: it reaches nothing outside",
        evidence=(
            *(Evidence(f"routes of {one.name}", f"default via {route.gateway} dev {link.name}") for route in wrong[:3]),
            Evidence("the engine's record", f"{one.address}, gateway {one.gateway or 'none'}"),
        ),
        detail=RoutesWrong(
            place=one.place,
            wrong=tuple(route.request(link.name) for route in wrong),
            missing=(*((missing,) if missing else ()), *((default,) if needs_default else ())),
        ),
    )
