"""Network interfaces, addresses and routes in the host's kernel."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_network

from msgspec import Struct

LEAST_MTU6 = 1280
"""The MTU below which the kernel disables IPv6 on an interface."""
DEFAULT_BRIDGE = "docker0"
USER_BRIDGE = re.compile(r"br-([0-9a-f]{12})")
_ENGINE_VETH = re.compile(r"veth[0-9a-f]{7}")
"""Name of the bridge of a user network, from the network's id, unless com.docker.network.bridge.name sets another."""

_INNER = frozenset({"bridge", "veth", "dummy", "ifb", "tun", "vxlan", "wireguard", "macvlan", "ipvlan"})


def is_ipv4(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


class Address(Struct, frozen=True, kw_only=True):
    """One address of an interface: family ``inet`` or ``inet6``, prefix length, scope ("global", "link", "host")."""

    family: str
    address: str
    prefix: int
    scope: str

    @property
    def text(self) -> str:
        """Return it in the format of ip(8): "172.17.0.1/16"."""
        return f"{self.address}/{self.prefix}"

    @property
    def network(self) -> str:
        """Return its network: "172.17.0.0/16"."""
        return str(ip_network(self.text, strict=False))


class Link(Struct, frozen=True, kw_only=True):
    """One interface.

    Attributes:
        flags: IFF_ names as printed by iproute2 ("UP", "LOWER_UP", "NO-CARRIER", "LOOPBACK").
        kind: "bridge", "veth", "vxlan", … or "" for hardware and the loopback.
        master: name of its bridge or bond, or "".
        peer_index: interface number of a veth's other end, in its own namespace; 0 if unknown or none.
        peer_namespace: kernel's id of the network namespace of the other end, ``None`` if it is this one.
        lower: name of the interface that it refers to in this namespace: a veth's other end, what a VLAN or macvlan is on.
        is_configured: whether it has an alias, or a bridge spanning tree or VLAN filtering, which no engine turns on.
    """

    index: int
    name: str
    flags: frozenset[str]
    mtu: int
    state: str = ""
    kind: str = ""
    master: str = ""
    peer_index: int = 0
    peer_namespace: int | None = None
    lower: str = ""
    is_configured: bool = False
    addresses: tuple[Address, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether it is set up (IFF_UP); a bridge without ports is up without a carrier, which is normal."""
        return "UP" in self.flags

    @property
    def is_engine_bridge(self) -> bool:
        """Whether it is a bridge with a name that dockerd assigns."""
        return self.kind == "bridge" and (self.name == DEFAULT_BRIDGE or USER_BRIDGE.fullmatch(self.name) is not None)

    @property
    def has_engine_name(self) -> bool:
        """Whether the engine names a container's interface on the host like this."""
        return _ENGINE_VETH.fullmatch(self.name) is not None

    @property
    def ipv4(self) -> tuple[Address, ...]:
        """Return its IPv4 addresses."""
        return tuple(address for address in self.addresses if address.family == "inet")

    @property
    def given(self) -> tuple[Address, ...]:
        """Return the addresses that somebody gave it: not those of IPv6 that the kernel makes for each link."""
        return tuple(one for one in self.addresses if one.family == "inet" or one.scope == "global")

    def has(self, text: str) -> bool:
        """Whether it has this address with this prefix length ("172.17.0.1/16")."""
        return any(address.text == text for address in self.addresses)


class Route(Struct, frozen=True, kw_only=True):
    """One route.

    Attributes:
        destination: "default", or a network or address as printed by iproute2 ("172.17.0.0/16", "10.0.0.1").
        device: interface, "" for blackhole routes and those of several hops.
        table: "main", "local" or another table's name or number.
        kind: "unicast", "local", "broadcast", "blackhole", …
        source: the sender's address that it prefers.
    """

    destination: str
    device: str
    gateway: str = ""
    source: str = ""
    metric: int = 0
    table: str = "main"
    kind: str = "unicast"
    protocol: str = ""
    version: int = 4

    @property
    def network(self) -> IPv4Network | None:
        """Return the destination of an IPv4 route, or ``None`` for other families."""
        if self.version != 4:
            return None
        if self.destination == "default":
            return IPv4Network("0.0.0.0/0")
        try:
            return IPv4Network(self.destination, strict=False)
        except ValueError:
            return None


class Links(Struct, frozen=True, kw_only=True):
    """All interfaces and routes of the host's network namespace, in the kernel's order."""

    links: tuple[Link, ...]
    routes: tuple[Route, ...]

    def link(self, name: str) -> Link | None:
        """Return the interface of that name, or ``None``."""
        for link in self.links:
            if link.name == name:
                return link
        return None

    def bridges(self) -> Iterator[Link]:
        """Yield the bridges."""
        return (link for link in self.links if link.kind == "bridge")

    def outer(self) -> tuple[Link, ...]:
        """Return the external interfaces: with a global IPv4 address, neither loopback nor virtual."""
        return tuple(
            link
            for link in self.links
            if link.kind not in _INNER
            and "LOOPBACK" not in link.flags
            and any(address.scope == "global" for address in link.ipv4)
        )

    def engine_bridges(self) -> tuple[Link, ...]:
        """Return the bridges with a name that dockerd assigns."""
        return tuple(link for link in self.links if link.is_engine_bridge)

    def ports(self, bridge: str) -> tuple[Link, ...]:
        """Return the interfaces that are ports of a bridge."""
        return tuple(link for link in self.links if link.master == bridge)

    def goes_with(self, bridge: Link) -> tuple[str, ...]:
        """Return in words what would go for good with a bridge without ports: only its addresses could be added again."""
        others = (f"{link.name} on it" for link in self.links if link.lower == bridge.name and link.kind != "veth")
        routes = (
            f"the route to {route.destination}"
            for route in self.routes
            if route.device == bridge.name and route.protocol != "kernel" and route.kind in {"unicast", "multicast"}
        )
        own = ("its alias, spanning tree or VLAN filtering",) if bridge.is_configured else ()
        return (*others, *routes, *own)

    def leads_out(self, bridge: str) -> bool:
        """Whether a bridge has a port that no engine created: an uplink, a VLAN, a virtual machine's. Then its network is larger than this host."""
        return any(_ENGINE_VETH.fullmatch(link.name) is None for link in self.ports(bridge))

    @property
    def main(self) -> tuple[Route, ...]:
        """Return the IPv4 unicast routes of the main table."""
        return tuple(
            route for route in self.routes if route.table == "main" and route.kind == "unicast" and route.version == 4
        )

    @property
    def discards(self) -> tuple[Route, ...]:
        """Return the IPv4 routes of the main table that discard packets."""
        kinds = {"blackhole", "unreachable", "prohibit"}
        return tuple(
            route for route in self.routes if route.table == "main" and route.kind in kinds and route.version == 4
        )

    @property
    def defaults(self) -> tuple[Route, ...]:
        """Return the IPv4 default routes of the main table, best metric first."""
        return tuple(
            sorted((route for route in self.main if route.destination == "default"), key=lambda route: route.metric)
        )

    @property
    def has_policy(self) -> bool:
        """Whether tables other than the kernel's own have routes, so that the main table is not decisive."""
        return any(route.table not in {"main", "local", "default"} for route in self.routes)

    def uplinks(self) -> tuple[Link, ...]:
        """Return the interfaces of default routes, best first."""
        found = (self.link(route.device) for route in self.defaults)
        return tuple(dict.fromkeys(link for link in found if link is not None))

    def best(self, address: str) -> Route | None:
        """Return the main table's route to an IPv4 address: longest prefix, then lowest metric, then first in the table."""
        wanted = IPv4Address(address)
        best: Route | None = None
        best_rank = (-1, 0)
        for route in self.main:
            network = route.network
            if network is None or wanted not in network:
                continue
            rank = (network.prefixlen, -route.metric)
            if best is None or rank > best_rank:
                best, best_rank = route, rank
        return best

    def holder(self, subnet: str, *, other_than: str) -> Link | None:
        """Return an interface that has an IPv4 address inside ``subnet`` and is not ``other_than``."""
        network = IPv4Network(subnet, strict=False)
        for link in self.links:
            if link.name == other_than:
                continue
            if any(IPv4Interface(address.text).ip in network for address in link.ipv4):
                return link
        return None


class NetCounters(Struct, frozen=True, kw_only=True):
    """Kernel counters of this network namespace (/proc/net/netstat), "TcpExt.IPReversePathFilter"."""

    values: dict[str, int]
