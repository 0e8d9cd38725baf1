"""A route that the engine set in a running container leads elsewhere, or is missing."""

from collections.abc import Iterator
from ipaddress import ip_interface

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import Request, RoutesWrong
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.namespace import NetLink, NetRoute
from doctor.formats.netlink.routes import KERNEL, MAIN

_FORWARD = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
_USUAL = 256
"""The metric of routes of IPv6 that the kernel adds with an address."""
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
    for version in (4, 6):
        addresses = {
            one.assigned(version).partition("/")[0]
            for one in endpoints.items
            if one.namespace.sysctls.get(_FORWARD[version]) != "0"
        }
        for one in endpoints.made:
            link = one.inner
            if link is None or not link.is_up or one.found(version) is None or "routes" in one.namespace.cut:
                continue
            gateway = _gateway(one, version)
            defaults = _defaults(one, link, version) if gateway else []
            wrong = [route for route in defaults if route.gateway not in {gateway, *addresses}]
            missing = _connected_route(one, link, version)
            if wrong or missing:
                yield _finding(endpoints, one, link, wrong, missing, version=version)


def _gateway(one: PathEndpoint, version: int) -> str:
    return one.gateway if version == 4 else one.gateway_for(6)


def _defaults(one: PathEndpoint, link: NetLink, version: int) -> list[NetRoute]:
    """The default routes over the interface; one without a gateway asks for every address, as proxies of ARP want it.

    A router of IPv6 that is known by the address of its link may be the right one: its other addresses are not known.
    """
    return [
        route
        for route in one.namespace.routes
        if route.link == link.index
        and (route.version, route.destination, route.table, route.kind) == (version, _DEFAULT[version], MAIN, "unicast")
        and route.gateway
        and not route.gateway.startswith("fe80:")
    ]


def _connected_route(one: PathEndpoint, link: NetLink, version: int) -> Request | None:
    """The route to the container's own network, as the kernel adds it with the address, if it is missing."""
    found = one.found(version)
    if found is None or found.prefix >= (32 if version == 4 else 128):
        return None
    interface = ip_interface(found.text)
    network = str(interface.network)
    if any(route.destination == network and route.link == link.index for route in one.namespace.routes):
        return None
    own: Request = {"prefsrc": str(interface.ip)} if version == 4 else {"priority": _USUAL}
    return {"dst": network, "dev": link.name, "proto": KERNEL, **own}


def _finding(
    endpoints: PathEndpoints,
    one: PathEndpoint,
    link: NetLink,
    wrong: list[NetRoute],
    missing: Request | None,
    *,
    version: int,
) -> Finding:
    own = _gateway(one, version)
    gateway = own if wrong or (missing and not one.has_default(version)) else ""
    default: Request = {"dst": "default", "gateway": gateway, "dev": link.name, "proto": _BOOT}
    needs_default = bool(gateway) and (bool(wrong) or endpoints.gateway_of(one, version) == gateway)
    if wrong:
        message = f"the default route of container {one.name} leads to {wrong[0].gateway}, not to the gateway {own} of network {one.network.name}"
    else:
        message = f"container {one.name} has no route to its own network {one.network.name}"
    return Finding(
        subject=Subject("container", one.name if version == 4 else f"{one.name} (IPv6)"),
        message=f"{message}: it reaches nothing outside",
        evidence=(
            *(Evidence(f"routes of {one.name}", f"default via {route.gateway} dev {link.name}") for route in wrong[:3]),
            Evidence("the engine's record", f"{one.assigned(version)}, gateway {own or 'none'}"),
        ),
        detail=RoutesWrong(
            place=one.place,
            wrong=tuple(route.request(link.name) for route in wrong),
            missing=(*((missing,) if missing else ()), *((default,) if needs_default else ())),
        ),
    )
