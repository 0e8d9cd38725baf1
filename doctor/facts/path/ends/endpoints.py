"""The interfaces that the engine gave to running containers: as it recorded them, and as the kernel has them."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from doctor.facts.kernel.sysctl import interface_key, neighbour_key
from doctor.facts.network.networks import Endpoint, Network
from doctor.facts.path.ends.details import ContainerPlace
from doctor.facts.path.namespace import NetAddress, NetLink, NetNamespace
from doctor.model.missing import Missing

OF_INTERFACE = (
    "net.ipv4.conf.eth0.arp_ignore",
    "net.ipv6.conf.eth0.disable_ipv6",
    "net.ipv6.conf.eth0.hop_limit",
    *(neighbour_key("eth0", "mcast_solicit", version) for version in (4, 6)),
)
"""Settings of the usual interface of a container that are read of each namespace."""
_OFF = "disable_ipv6"
_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}


class PathEndpoint(Struct, frozen=True, kw_only=True):
    """One running container's interface on a bridge network.

    Attributes:
        name: of the container.
        namespace: the container's network namespace.
        inner: the container's end of the veth, ``outer`` the host's; ``None`` if it is not certain which one, or gone.
        bridge: the network's bridge, ``None`` if it is gone.
        mac: MAC address, and ``gateway`` the IPv4 gateway that the engine recorded, "" if unknown.
        address: IPv4 address with prefix length, and ``address6`` the IPv6 one, "" for none.
        chosen: the settings that the container was created with (``--sysctl``).
        is_free: whether its programs, or its runtime, may change its network: then nobody knows how it should be.
        is_lost: whether the container certainly has no such interface.
        is_only: whether the container has no other network.
    """

    endpoint: Endpoint
    network: Network
    name: str
    namespace: NetNamespace
    inner: NetLink | None = None
    outer: NetLink | None = None
    bridge: NetLink | None = None
    mac: str = ""
    gateway: str = ""
    address: str = ""
    address6: str = ""
    chosen: tuple[str, ...] = ()
    is_free: bool = False
    is_lost: bool = False
    is_only: bool = False

    def assigned(self, version: int) -> str:
        """Return the address that the engine gave it, with prefix length, "" for none.

        A container that was created with a setting for IPv6 may be without it on purpose.
        """
        if version == 4:
            return self.address
        return "" if any(_OFF in key for key in self.chosen) else self.address6

    def found(self, version: int = 4) -> NetAddress | None:
        """Return the address that the engine gave it, if its interface has it with the right prefix length."""
        if self.inner is None:
            return None
        wanted = self.address if version == 4 else self.address6
        own = self.namespace.addresses_of(self.inner.index, version)
        return next((one for one in own if one.text == wanted), None)

    @property
    def is_six_off(self) -> bool:
        """Whether IPv6 may be disabled on the interface: it has no address of its link, which the kernel adds by itself."""
        if self.inner is None:
            return True
        value = self.namespace.sysctls.get(interface_key(self.inner.name, _OFF, family="ipv6"))
        return value != "0" and not self.namespace.addresses_of(self.inner.index, 6)

    @property
    def is_whole(self) -> bool:
        """Whether its interface is there and up, and has its IPv4 address: if not, that is the reason for missing routes."""
        if self.inner is None:
            return not self.is_lost
        return self.inner.is_up and (not self.address or self.found() is not None)

    def gateway_for(self, version: int) -> str:
        """Return the gateway of the default route that the engine can set over this network, "" for none."""
        if self.network.internal or self.network.mode_of(version) == "isolated":
            return ""
        if version == 4:
            return self.gateway if self.address else ""
        return self.network.gateway6.partition("/")[0] if self.address6 else ""

    @property
    def place(self) -> ContainerPlace:
        """Return where its interface is, for a change."""
        return ContainerPlace(container=self.name, pid=self.namespace.pid, inode=self.namespace.inode)

    def has_default(self, version: int = 4) -> bool:
        """Whether the namespace has a default route in any table."""
        return any(
            route.destination == _DEFAULT[version] and route.version == version for route in self.namespace.routes
        )


class PathEndpoints(Struct, frozen=True, kw_only=True, dict=True):
    """Those of all running containers on bridge networks with a network of their own."""

    items: tuple[PathEndpoint, ...] = ()
    gaps: tuple[Missing, ...] = ()

    @property
    def made(self) -> Iterator[PathEndpoint]:
        """Return those whose network nobody but the engine may set."""
        return (one for one in self.items if not one.is_free)

    @cached_property
    def broken(self) -> frozenset[str]:
        """Return the ids of containers with an interface that is gone, down, or without its address."""
        return frozenset(one.endpoint.container_id for one in self.items if not one.is_whole)

    @cached_property
    def _by_container(self) -> dict[str, tuple[PathEndpoint, ...]]:
        found: dict[str, list[PathEndpoint]] = defaultdict(list)
        for one in self.items:
            found[one.endpoint.container_id].append(one)
        return {identity: tuple(own) for identity, own in found.items()}

    def of(self, container: str) -> tuple[PathEndpoint, ...]:
        """Return those of one container."""
        return self._by_container.get(container, ())

    def gateway_of(self, one: PathEndpoint, version: int = 4) -> str:
        """Return the gateway of the default route that must lead over this interface, "" if another one may, or none."""
        rivals = [other for other in self.of(one.endpoint.container_id) if other.gateway_for(version)]
        return one.gateway_for(version) if rivals == [one] else ""
