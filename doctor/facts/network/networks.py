"""The engine's networks, and the published ports of running containers."""

import re
from collections.abc import Iterator
from typing import Annotated

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.secret import SECRET

_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,14}\Z")


def is_safe_interface(name: str) -> bool:
    """Whether a name is safe in a rule: the kernel allows any 15 bytes but "/" and blanks, iptables interprets "+", "!", "-"."""
    return _INTERFACE.match(name) is not None


class PublishedPort(Struct, frozen=True, kw_only=True):
    """One published port of a container.

    Attributes:
        protocol: ``tcp``, ``udp`` or ``sctp``.
        host_ip: address on the host, "0.0.0.0" or "::" for all of its family.
        host_port: 0 if the gateway mode publishes without NAT.
        container_ip: destination address; ``container_port`` port inside the container.
    """

    protocol: str
    host_ip: str
    host_port: int
    container_ip: str
    container_port: int

    @property
    def version(self) -> int:
        """4 or 6: the family of its firewall rules; docker-proxy serves a port of "::" for an IPv4 container."""
        return 6 if ":" in self.container_ip else 4

    @property
    def needs_rules(self) -> bool:
        """Whether host and container address have the same family; otherwise only docker-proxy forwards it (moby port mapping)."""
        return (":" in self.host_ip) == (":" in self.container_ip)

    @property
    def is_any(self) -> bool:
        """Whether it is open on every address of the host."""
        return self.host_ip in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, never bound

    @property
    def text(self) -> str:
        """The port in the format of ``docker ps``: "0.0.0.0:8080->80/tcp"."""
        host = f"[{self.host_ip}]" if ":" in self.host_ip else self.host_ip
        return f"{host}:{self.host_port}->{self.container_port}/{self.protocol}"


class Endpoint(Struct, frozen=True, kw_only=True):
    """A container's endpoint in a network, as recorded by the engine's bridge driver.

    Attributes:
        id: 64 hex digits.
        container_id: "" if no container claims it.
        container: the container's name, for messages.
        is_running: whether the container's first process runs now.
        started: start time of the container, RFC 3339; rules of ports have this order.
        ports: in the order in which the engine mapped them.
        links: ids of endpoints that this one links to (``docker run --link``): it may reach their exposed ports even if the
            network isolates containers; ``linked_by`` those that link to this one.
        exposed: protocol and port, published or not.
    """

    id: str
    network_id: str
    container_id: str = ""
    container: str = ""
    ip: str = ""
    ip6: str = ""
    is_running: bool = False
    started: str = ""
    ports: tuple[PublishedPort, ...] = ()
    links: tuple[str, ...] = ()
    linked_by: tuple[str, ...] = ()
    exposed: tuple[tuple[str, int], ...] = ()


class Network(Struct, frozen=True, kw_only=True):
    """One network of the engine.

    Attributes:
        driver: ``bridge``, ``host``, ``null``, ``overlay``, ``macvlan`` …
        bridge: the interface of a bridge network, "" for other drivers.
        subnets: IPv4 networks with prefix length ("172.17.0.0/16"); ``subnets6`` the IPv6 ones.
        gateway: the bridge's IPv4 address with its prefix length ("172.17.0.1/16"); ``gateway6`` its IPv6 twin.
        internal: whether it has no outside access and no published ports.
        icc: whether its containers may reach each other (``com.docker.network.bridge.enable_icc``).
        masquerade: whether outgoing packets get the host's address (``…enable_ip_masquerade``).
        host_ip: a fixed source address instead of masquerading (``com.docker.network.host_ipv4``), "" for none.
        gateway_mode: ``nat``, ``nat-unprotected``, ``routed`` or ``isolated`` (since 27; "nat" before).
        ipv6: whether it has IPv6.
        is_default: the engine's own network "bridge".
        created: creation time, RFC 3339, or "" if unknown; that of the default network is the engine's last start.
        options: options of the driver.
    """

    id: str
    name: str
    driver: str
    bridge: str = ""
    subnets: tuple[str, ...] = ()
    subnets6: tuple[str, ...] = ()
    gateway: str = ""
    gateway6: str = ""
    internal: bool = False
    icc: bool = True
    masquerade: bool = True
    host_ip: str = ""
    host_ip6: str = ""
    gateway_mode: str = "nat"
    gateway_mode6: str = "nat"
    ipv6: bool = False
    is_default: bool = False
    created: str = ""
    options: Annotated[dict[str, str], SECRET] = {}

    @property
    def is_bridge(self) -> bool:
        """Whether it is a bridge on this host with rules of the engine."""
        return self.driver == "bridge" and bool(self.bridge)

    @property
    def addresses_bridge(self) -> bool:
        """Whether the engine gives the bridge the gateway's IPv4 address: not in an isolated network, nor if another host is it."""
        inhibited = self.options.get("com.docker.network.bridge.inhibit_ipv4") == "true"
        return not inhibited and not (self.internal and self.gateway_mode == "isolated")

    @property
    def mtu(self) -> int:
        """Return the MTU of its containers' interfaces: its option, or the kernel's own."""
        text = self.options.get("com.docker.network.driver.mtu", "")
        return int(text) if text.isascii() and text.isdecimal() and 68 <= int(text[:6]) <= 65535 else 1500

    def subnets_of(self, version: int) -> tuple[str, ...]:
        """Return the subnets of one family, 4 or 6."""
        return self.subnets if version == 4 else self.subnets6

    def mode_of(self, version: int) -> str:
        """Return the gateway mode of one family, 4 or 6."""
        return self.gateway_mode if version == 4 else self.gateway_mode6


class Networks(Struct, frozen=True, kw_only=True):
    """All networks and endpoints.

    Attributes:
        items: networks in the order of their ids.
        endpoints: endpoints of all containers, including stopped ones (stale records after a crash).
        source: their source: the database's path, or "GET /networks".
        gaps: what could not be read.
    """

    items: tuple[Network, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    source: str = ""
    gaps: tuple[Missing, ...] = ()

    @property
    def bridges(self) -> tuple[Network, ...]:
        """Return the bridge networks in the order in which the engine created their rules, oldest first.

        At its start the engine restores stored networks in the order of their ids, then recreates the default one (moby
        libnetwork, bridge driver populateNetworks); newer networks follow by age.
        """
        default = next((network.created for network in self.items if network.is_default), "")

        def age(network: Network) -> tuple[int, str]:
            if network.is_default:
                return (1, "")
            return (2, network.created) if default and network.created > default else (0, network.id)

        return tuple(sorted((network for network in self.items if network.is_bridge), key=age))

    @property
    def running(self) -> tuple[Endpoint, ...]:
        """Return the endpoints of running containers, in the order in which they started."""
        return tuple(
            sorted((endpoint for endpoint in self.endpoints if endpoint.is_running), key=lambda item: item.started)
        )

    def get(self, identity: str) -> Network | None:
        """Return the network with this id."""
        return next((network for network in self.items if network.id == identity), None)

    def named(self, name: str) -> Network | None:
        """Return the first network of this name."""
        return next((network for network in self.items if network.name == name), None)

    def published(self, version: int = 4) -> Iterator[tuple[Network, Endpoint, PublishedPort]]:
        """Yield the published ports of running containers in one family, in the order of their rules."""
        for endpoint in self.running:
            network = self.get(endpoint.network_id)
            if network is None or not network.is_bridge:
                continue
            for port in endpoint.ports:
                if port.version == version and port.needs_rules:
                    yield network, endpoint, port

    def linked(self) -> Iterator[tuple[Network, Endpoint, Endpoint]]:
        """Yield (network, endpoint, endpoint whose exposed ports it may reach) of links between running, isolated containers."""
        running = {endpoint.id: endpoint for endpoint in self.running}
        pairs = dict.fromkeys(
            pair
            for one in running.values()
            for pair in (*((one.id, other) for other in one.links), *((other, one.id) for other in one.linked_by))
        )
        for source, target in pairs:
            one, other = running.get(source), running.get(target)
            network = None if one is None else self.get(one.network_id)
            if one is None or other is None or network is None or network.icc or other.network_id != one.network_id:
                continue
            if network.is_bridge and one.ip and other.ip:
                yield network, one, other

    def knows_address(self, address: str) -> bool:
        """Whether any endpoint, running or not, has this IP address."""
        return any(address in {endpoint.ip, endpoint.ip6} for endpoint in self.endpoints)
