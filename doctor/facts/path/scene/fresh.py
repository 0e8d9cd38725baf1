"""A container that does not exist yet: what the engine would give one on a network, and how it would route its packets."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from msgspec import Struct

from doctor.facts.network.networks import Network, Networks
from doctor.facts.path.namespace import BridgePort, NetAddress, NetLink, NetNamespace, NetRoute
from doctor.facts.path.paths import NEW
from doctor.facts.path.routing import RouteAnswer, RouteQuestion

_FAR = 1 << 30
"""Numbers of interfaces that the kernel does not reach."""
_MOST_TRIED = 4096
_LO, _ETH0 = 1, 2
_UP = 0x11043
"""IFF_UP, IFF_BROADCAST, IFF_RUNNING, IFF_MULTICAST, IFF_LOWER_UP."""
_LOOPBACK = NetLink(index=_LO, name="lo", flags=0x10049, mtu=65536, mac="00:00:00:00:00:00")
_MTU = "com.docker.network.driver.mtu"


class NewContainer(Struct, frozen=True, kw_only=True):
    """A container as the engine would start it.

    Attributes:
        name: in words: "a new container on docker0".
        network: of the engine.
        namespace: its own; its process is a negative number.
        outer: the host's end of its veth.
        addresses: its own by version.
    """

    name: str
    network: Network
    namespace: NetNamespace
    outer: NetLink
    addresses: Mapping[int, str]

    def answer(self, question: RouteQuestion) -> RouteAnswer:
        """Return what the routes say that the engine gives a container: there is nobody to be asked."""
        target = ip_address(question.destination)
        own = self.addresses.get(question.version, "")
        if target.is_loopback or question.destination == own:
            return RouteAnswer(kind="local", link=_LO, source=question.destination, table=255)
        for route in self.namespace.routes:
            if route.version == question.version and own and target in ip_network(route.destination):
                return RouteAnswer(link=_ETH0, gateway=route.gateway, source=own, table=254)
        return RouteAnswer(error="ENETUNREACH")


def new_containers(networks: Networks, host: NetNamespace, used: Iterable[str]) -> tuple[NewContainer, ...]:
    """Return one for the engine's own network and for each of the networks ``used`` (ids), if their bridge exists."""
    wanted = set(used)
    found = []
    for number, network in enumerate(networks.bridges, start=1):
        bridge = host.named(network.bridge)
        if bridge is None or bridge.kind != "bridge" or not (network.is_default or network.id in wanted):
            continue
        one = _made(number, network, bridge, networks)
        if one is not None:
            found.append(one)
    return tuple(found)


def _made(number: int, network: Network, bridge: NetLink, networks: Networks) -> NewContainer | None:
    addresses, routes = _settings(network, networks)
    if not addresses:
        return None
    option = network.options.get(_MTU, "")
    mtu = int(option) if option.isascii() and option.isdigit() and len(option) < 6 else bridge.mtu
    inner = NetLink(
        index=_ETH0,
        name="eth0",
        kind="veth",
        flags=_UP,
        mtu=mtu,
        mac=_mac(0, number),
        peer_index=_FAR + number,
        peer_namespace=0,
    )
    outer = NetLink(
        index=_FAR + number,
        name="veth",
        kind="veth",
        flags=_UP,
        mtu=mtu,
        mac=_mac(1, number),
        master=bridge.index,
        peer_index=_ETH0,
        peer_namespace=_FAR + number,
        port=BridgePort(),
    )
    local = NetAddress(link=_LO, version=4, address="127.0.0.1", prefix=8, scope="host")
    return NewContainer(
        name=f"{NEW} on {network.bridge}",
        network=network,
        namespace=NetNamespace(
            inode=-number, pid=-number, links=(_LOOPBACK, inner), addresses=(local, *addresses), routes=tuple(routes)
        ),
        outer=outer,
        addresses={one.version: one.address for one in addresses},
    )


def _settings(network: Network, networks: Networks) -> tuple[list[NetAddress], list[NetRoute]]:
    """Return the addresses and routes that the engine would give."""
    endpoints = [endpoint for endpoint in networks.endpoints if endpoint.network_id == network.id]
    taken = {address.partition("/")[0] for endpoint in endpoints for address in (endpoint.ip, endpoint.ip6)}
    addresses: list[NetAddress] = []
    routes: list[NetRoute] = []
    for version, subnets, gateway in ((4, network.subnets, network.gateway), (6, network.subnets6, network.gateway6)):
        way_out = gateway.partition("/")[0]
        subnet = ip_network(subnets[0], strict=False) if subnets else None
        free = "" if subnet is None else _free(subnet, {*taken, way_out})
        if subnet is None or not free or not way_out:
            continue
        addresses.append(NetAddress(link=_ETH0, version=version, address=free, prefix=subnet.prefixlen, scope="global"))
        targets = [(str(subnet), "")]
        if not network.internal:
            targets.append(("0.0.0.0/0" if version == 4 else "::/0", way_out))
        routes += [
            NetRoute(version=version, destination=one, link=_ETH0, gateway=gateway, table=254, kind="unicast")
            for one, gateway in targets
        ]
    return addresses, routes


def _mac(side: int, number: int) -> str:
    return f"02:42:fe:{side:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def _free(subnet: IPv4Network | IPv6Network, taken: set[str]) -> str:
    """Return the lowest address of a subnet that nobody has, "" if it is not found soon."""
    first = int(subnet.network_address)
    kind = type(subnet.network_address)
    for number in range(first + 1, min(first + _MOST_TRIED, int(subnet.broadcast_address))):
        text = str(kind(number))
        if text not in taken:
            return text
    return ""
