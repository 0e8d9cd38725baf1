"""Routes and addresses that were not there at the last healthy scan, and hide a part of the network outside that no walk tries."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import NetAddress, NetLink
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute
from doctor.formats.netlink.routes import MAIN

_DISCARDS = frozenset({"blackhole", "unreachable", "prohibit"})
_BY_PEOPLE = frozenset({3, 4})
"""RTPROT_BOOT and RTPROT_STATIC: routing daemons discard what is only a part of their own networks."""
_NARROWEST = {4: 24, 6: 48}
"""Longer ones ban single clients."""
_MOST = 4
"""More of them are a list of banned networks."""
_INNER = tuple(
    map(ip_network, ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                     "192.168.0.0/16", "224.0.0.0/3"))
)  # fmt: skip
_OUTER6 = IPv6Network("2000::/3")


def is_outside(network: IPv4Network | IPv6Network) -> bool:
    """Whether a network is a part of the Internet, not of somebody's own site."""
    if isinstance(network, IPv6Network):
        return network.prefixlen >= 3 and network.subnet_of(_OUTER6)
    return network.prefixlen > 0 and not any(network.overlaps(inner) for inner in _INNER)


def hiding_routes(state: KeptState, networks: Networks) -> tuple[PlacedRoute, ...]:
    """Return the routes of the main table that discard packets of containers to a part of the Internet, and were not there."""
    if not any(route.kind in _DISCARDS for route in state.now.routes):
        return ()
    new = [one for one in state.new_routes() if one.route.kind in _DISCARDS and one.route.table == MAIN]
    if len(new) > _MOST:
        return ()
    return tuple(one for one in new if one.route.protocol in _BY_PEOPLE and _hides(one, networks))


def _hides(one: PlacedRoute, networks: Networks) -> bool:
    route = one.route
    target = ip_network(route.destination, strict=False)
    if target.prefixlen > _NARROWEST[route.version] or not is_outside(target):
        return False
    used = {endpoint.network_id for endpoint in networks.running}
    subnets = [
        ip_network(subnet, strict=False)
        for network in networks.bridges
        if network.id in used and not network.internal
        for subnet in network.subnets_of(route.version)
    ]
    return any(not route.origin or subnet.overlaps(ip_network(route.origin, strict=False)) for subnet in subnets)


def hiding_addresses(state: KeptState) -> Iterator[tuple[NetLink, NetAddress]]:
    """Yield single addresses of the Internet on the loopback that were not there, unless a load balancer sends their packets here."""
    if state.kept is None or _is_balanced(state):
        return
    for address in state.now.addresses:
        link = state.now.link(address.link)
        is_single = address.prefix == (32 if address.version == 4 else 128)
        if link is None or not link.is_loopback or not is_single or state.has_address(address.address):
            continue
        if is_outside(ip_network(ip_address(address.address))):
            yield link, address


def _is_balanced(state: KeptState) -> bool:
    """Whether the host answers no question of ARP for addresses of its loopback, as real servers of a balancer do."""
    return any(
        key.endswith(".arp_ignore") and value.strip() not in {"", "0"} for key, value in state.now.sysctls.items()
    )
