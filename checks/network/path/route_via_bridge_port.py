"""A route of the host leads to a port of a bridge."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import PortRoute
from doctor.facts.network.links import Link, Links, Route
from doctor.facts.network.networks import Networks

_METADATA = IPv4Address("169.254.169.254")


@check(
    severity=Severity.WARNING,
    detail=PortRoute,
    ends=("neighbour", "wrong-route"),
    ok="no route of the host leads to a container's veth",
)
def route_via_bridge_port(links: Links, networks: Networks) -> Iterator[Finding]:
    """A route of the host leads to a container's veth, which is a port of a bridge, so packets to that range are lost.

    What it looks at:
        The IPv4 routes of the main table over interfaces that are ports of the engine's bridges, if they take precedence for their range.
        network/default-route-via-docker judges default routes.

    Why it matters:
        DHCP clients (dhcpcd, connman, avahi-autoipd) treat veth… as an ordinary interface unless they are configured not to: without
        an answer they give it an address of 169.254.0.0/16, and the kernel adds the route. A port hands what it receives to its
        bridge, so nobody ever answers there. The host and its containers lose that range: in clouds the metadata service 169.254.169.254
        with names, time and credentials.

    How it is fixed:
        Manually: the address is removed, and the kernel removes the route with it. To keep it away, exclude veth* in the program that
        added it, such as ``denyinterfaces veth*`` in /etc/dhcpcd.conf.

    References:
        https://github.com/NixOS/nixpkgs/issues/109389
        https://github.com/NetworkConfiguration/dhcpcd/issues/531
    """
    bridges = {network.bridge for network in networks.bridges} | {link.name for link in links.engine_bridges()}
    ports = {link.name: link for link in links.links if link.kind == "veth" and link.master in bridges}
    for route in links.main:
        port, network = ports.get(route.device), route.network
        if port is None or network is None or not network.prefixlen:
            continue
        asked = _METADATA if _METADATA in network else network[min(1, network.num_addresses - 1)]
        best = links.best(str(asked))
        if best is not None and best.device in ports:
            yield _finding(route, port, has_metadata=asked == _METADATA)


def _finding(route: Route, port: Link, *, has_metadata: bool) -> Finding:
    lost = ", with a cloud's metadata service 169.254.169.254" if has_metadata else ""
    given = next((one.text for one in port.ipv4 if one.address == route.source or one.network == route.destination), "")
    return Finding(
        subject=Subject("route", f"{route.destination} dev {port.name}"),
        message=f"the route to {route.destination} leads to {port.name}, a port of bridge {port.master}: the host and its containers reach nothing there{lost}",
        evidence=(
            Evidence("ip route", f"{route.destination} dev {port.name} metric {route.metric}"),
            Evidence(f"ip addr show {port.name}", ", ".join(one.text for one in port.ipv4) or "no IPv4 address"),
        ),
        detail=PortRoute(destination=route.destination, device=port.name, metric=route.metric, address=given),
    )
