"""A route of the host diverts the addresses of a container network."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.network.links import Links, Route
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR,
    detail=Route,
    breaks=("egress", "port", "dns"),
    causes=("network/bridge-stale-same-subnet", "network/pool-overlap"),
    ends=("wrong-route", "blackhole-route", "unreachable-route", "prohibit-route", "neighbour"),
    ok="no route diverts the addresses of a container network",
    messages=(
        Message(
            pattern=r"(?:conflicts with network|overlaps with|Pool overlaps with) (?!.*same bridge name).*",
            example="invalid pool request: Pool overlaps with other one on this address space",
            means="the subnet of a new network overlaps with that of another network of the engine, or of a stale bridge",
            do="choose another subnet, or remove the other network; 'docker network inspect' and 'ip addr' show the subnets in use",
            also=("network/bridge-stale-same-subnet", "network/pool-exhausted"),
            apart="whether 'docker network ls' lists the network that the line names",
        ),
    ),
)
def subnet_overlap_route(networks: Networks, links: Links) -> Iterator[Finding]:
    """A route of the host sends packets for containers of a network to another interface, or drops them.

    What it looks at:
        For each bridge network that is up, the routes of the main table with the same or a longer prefix inside its subnet:
        those through another interface that take precedence, and longer ones that drop packets (blackhole). Less specific
        routes, such as a VPN's 10.0.0.0/8, lose against the bridge's: network/subnet-shadows-route judges them.

    Why it matters:
        Replies to the containers go to a VPN or another network: containers reach only each other. With policy routing
        (additional tables with routes), the main table may not decide, so the finding is only a remark.

    How it is fixed:
        If the last healthy scan did not see the route, ``--choose`` asks whether it is deleted; an undo adds it again. Otherwise
        manually, because the intended route is unknown: give the network another subnet ("bip" or "default-address-pools" for the
        engine's networks, "docker network create --subnet" for one network), or make the VPN announce fewer routes.

    References:
        https://docs.docker.com/engine/network/#subnet-allocation
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not link.is_up:
            continue
        for subnet in network.subnets:
            thief = _thief(links, IPv4Network(subnet), network.bridge) or _hole(links, IPv4Network(subnet))
            if thief is not None:
                yield _finding(network, subnet, thief, links)


def _thief(links: Links, subnet: IPv4Network, bridge: str) -> Route | None:
    """Return the route that diverts the subnet, or a part of it, from the bridge."""
    for route in links.main:
        network = route.network
        if network is None or route.device in {bridge, ""} or not network.subnet_of(subnet):
            continue
        first = links.best(str(network.network_address + (1 if network.prefixlen < 31 else 0)))
        if first is not None and first.device == route.device:
            return route
    return None


def _hole(links: Links, subnet: IPv4Network) -> Route | None:
    """Return a route that drops packets for a part of the subnet; it takes precedence because its prefix is longer."""
    for route in links.discards:
        network = route.network
        if network is not None and network.subnet_of(subnet) and network.prefixlen > subnet.prefixlen:
            return route
    return None


def _finding(network: Network, subnet: str, route: Route, links: Links) -> Finding:
    if route.device:
        lost, kind = f"leave by {route.device}", "a route"
        line = f"{route.destination} dev {route.device} metric {route.metric}"
    else:
        lost, kind, line = "are dropped", f"a route of type {route.kind}", f"{route.kind} {route.destination}"
    return Finding(
        subject=Subject("network", network.name),
        message=(
            f"the host has {kind} to {route.destination}: packets for containers of network {network.name} ({subnet}) {lost}"
        ),
        evidence=(
            Evidence("ip route", line),
            Evidence("the network's route", f"{subnet} dev {network.bridge}"),
        ),
        detail=route,
        severity=Severity.INFO if links.has_policy else None,
    )
