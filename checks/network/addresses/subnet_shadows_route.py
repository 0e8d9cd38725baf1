"""The subnet of a container network covers addresses that belong to another network."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.network.dns import HostDns
from doctor.facts.network.links import Links, Route
from doctor.facts.network.networks import Network, Networks

_LITERAL = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]|/\d)")
_FEW = 3
_KEYS = ("http-proxy", "https-proxy", "registry-mirrors", "insecure-registries", "dns")
_PARTS = 7
"""Routes with at most this prefix are a default route in parts, as VPNs have them (0.0.0.0/1), and no network of its own."""


@check(
    severity=Severity.ERROR,
    ok="no subnet of a container network covers an address that this host uses elsewhere",
    messages=(
        Message(
            pattern=r"dial tcp (?:172\.(?:1[6-9]|2\d|3[01])|192\.168)\.[\d.]+:\d+: (?:getsockopt: |connect: )?no route to host",
            example="dial tcp 172.17.30.1:80: getsockopt: no route to host",
            means="the private address can't be reached: it may be in the subnet of one of the engine's networks, so that its packets stay on this host, or a firewall rejects the connection",
            do='compare it with \'ip route get ADDRESS\': if that names a bridge of the engine, give the engine other subnets ("bip" for docker0, "default-address-pools" for the others)',
            also=("network/subnet-overlap-route", "network/bridge-stale-same-subnet", "firewall/foreign-reject-first"),
            apart="the interface that 'ip route get ADDRESS' names",
        ),
    ),
)
def subnet_shadows_route(
    networks: Networks, links: Links, dns: HostDns | Missing, config: EngineConfig
) -> Iterator[Finding]:
    """A container network's subnet lies inside a network that is reached elsewhere, so some of its hosts can't be reached.

    What it looks at:
        For each bridge network that is up: the addresses that this host is configured to use (name servers, proxies, mirrors and
        registries given as addresses) in its subnet, unless an interface of the host or a container has the address. Such an
        address is an error. A less specific route through another interface (a VPN's 172.16.0.0/12, a company's 10.0.0.0/8)
        that contains the subnet is a remark; one to half of all addresses is a default route in parts. With policy routing, routes
        are not judged.
        A bridge with other ports than containers, such as the host's uplink, is left out.

    Why it matters:
        The bridge's route is more specific, so packets for these addresses stay on this host: "no route to host" for a registry or
        name server, from containers and from the host itself, while other machines reach it.

    How it is fixed:
        Manually, because only the owner of the network knows its free ranges: "bip" gives docker0 another subnet,
        "default-address-pools" all new networks; an existing network has to be created again.

    References:
        https://docs.docker.com/engine/network/drivers/bridge/
        https://github.com/moby/moby/issues/25645
    """
    used = _used(dns, config)
    inside: dict[str, tuple[Route, list[str]]] = {}
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or not link.is_up or links.leads_out(network.bridge):
            continue
        for subnet in map(IPv4Network, network.subnets):
            lost = {text: place for text, place in used.items() if _is_lost(text, subnet, networks, links)}
            wider = None if links.has_policy else _wider(links, subnet, networks)
            if lost:
                yield _needed(network, subnet, lost)
            elif wider is not None:
                inside.setdefault(wider.destination, (wider, []))[1].append(f"{network.name} ({subnet})")
    yield from (_covered(route, named) for route, named in inside.values())


def _used(dns: HostDns | Missing, config: EngineConfig) -> dict[str, str]:
    """Return address → where it is configured."""
    found: dict[str, str] = {}
    for key in _KEYS:
        value = config.get(key) if config.is_set(key) else None
        for item in value if isinstance(value, list) else [value]:
            text = item[:] if isinstance(item, str) else ""
            found |= {address: f"{key} ({config.setting(key).place})" for address in _LITERAL.findall(text)}
    if isinstance(dns, HostDns):
        lists = [
            *([] if dns.config is None else [("/etc/resolv.conf", dns.config)]),
            *((one.path, one.config) for one in dns.lists),
        ]
        found |= {server: str(path) for path, servers in lists for server in servers.nameservers}
    return found


def _is_lost(text: str, subnet: IPv4Network, networks: Networks, links: Links) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    own = any(one.address == text for link in links.links for one in link.ipv4)
    return address in subnet and not own and not networks.knows_address(text)


def _wider(links: Links, subnet: IPv4Network, networks: Networks) -> Route | None:
    """Return the most specific route of another device that contains the subnet and more."""
    bridges = {network.bridge for network in networks.bridges}
    found = [
        route
        for route in links.main
        if route.network is not None
        and _PARTS < route.network.prefixlen < subnet.prefixlen
        and subnet.subnet_of(route.network)
        and route.device not in bridges
    ]
    return max(found, key=lambda route: route.network.prefixlen if route.network is not None else 0, default=None)


def _needed(network: Network, subnet: IPv4Network, lost: dict[str, str]) -> Finding:
    first, place = next(iter(lost.items()))
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    return Finding(
        subject=Subject("network", network.name),
        message=f"network {network.name} ({subnet}) covers {first}{more}, which {place} names: packets to it stay on this host",
        evidence=(
            *(Evidence(where, address) for address, where in list(lost.items())[:4]),
            Evidence("the network's route", f"{subnet} dev {network.bridge}"),
        ),
    )


def _covered(route: Route, named: list[str]) -> Finding:
    shown = ", ".join(named[:_FEW]) + (f" and {len(named) - _FEW} more" if named[_FEW:] else "")
    return Finding(
        subject=Subject("route", route.destination),
        message=(
            f"{route.destination} is reached through {route.device or 'gateways'}, and container networks lie inside it: "
            f"its hosts with addresses of {shown} can't be reached from here"
        ),
        evidence=(
            Evidence("ip route", f"{route.destination} dev {route.device}"),
            Evidence("container networks", shown),
        ),
        severity=Severity.INFO,
    )
