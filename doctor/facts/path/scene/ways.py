"""All ways of traffic that must work for the engine's running containers; traffic between isolated networks does not belong to them."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from doctor.facts.network.networks import Endpoint, Network, Networks, PublishedPort
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.scene.fresh import NewContainer
from doctor.facts.path.scene.outer import PathOutside
from doctor.facts.path.scene.suspects import Suspects
from doctor.facts.path.way import HOST, OUTSIDE, Way

EMBEDDED = "127.0.0.11"
"""The engine's name server, as a container of a user's network sees it."""
_NAT = ("ip", "nat")
_HTTP = 80
"""The port of a program that nobody knows."""
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


class WayMaker:
    """Makes the ways of all running containers, and of new ones.

    Args:
        outside: the network outside.
        resolvers: name servers that a container asks itself, by its id.
        fresh: containers that do not exist yet.
        suspects: containers for which special ways are walked too.
    """

    def __init__(
        self,
        networks: Networks,
        namespaces: NetNamespaces,
        *,
        outside: PathOutside,
        resolvers: Mapping[str, tuple[str, ...]] | None = None,
        fresh: tuple[NewContainer, ...] = (),
        suspects: Suspects | None = None,
    ) -> None:
        self.networks, self.namespaces, self.fresh = networks, namespaces, fresh
        self.outside, self.resolvers = outside, resolvers or {}
        self.suspects = suspects
        self.by_id = {network.id: network for network in networks.items}
        self.running = networks.running
        self.rings: dict[tuple[str, int], list[Endpoint]] = {}
        self.places: dict[tuple[str, int], int] = {}
        self.ports: dict[str, tuple[int, ...]] = {place_of(one): open_ports(one) for one in self.running}
        self.unread: set[str] = set()
        self.owners: dict[str, str] = {one.address: HOST for one in namespaces.host.addresses}
        for one in self.running:
            for version, address in ((4, one.ip), (6, one.ip6)):
                if not address:
                    continue
                self.owners.setdefault(address, place_of(one))
                if namespaces.of(one.container_id) is None:
                    # It has ended meanwhile, or can't be read: whether it answers is not known.
                    self.unread.add(address)
                    continue
                ring = self.rings.setdefault((one.network_id, version), [])
                self.places[one.id, version] = len(ring)
                ring.append(one)

    def all(self) -> Iterator[Way]:
        """Yield every way, container by container."""
        for endpoint in self.running:
            network = self.by_id.get(endpoint.network_id)
            if network is None or not network.is_bridge or self.namespaces.of(endpoint.container_id) is None:
                continue
            for version, address in ((4, endpoint.ip), (6, endpoint.ip6)):
                if address:
                    yield from self._outgoing(endpoint, network, version)
                    if _has_gateway(network, version):
                        yield Way(
                            kind="host-to-container",
                            start=HOST,
                            end=place_of(endpoint),
                            target=address,
                            protocol="icmp",
                        )
            for port in endpoint.ports if not network.internal else ():
                yield from self._published(endpoint, port)
        for one in self.fresh:
            for version in one.addresses:
                for target in self.outside.targets.get(version, ()) if not one.network.internal else ():
                    yield Way(kind="egress-new", start=one.name, end=OUTSIDE, target=target, port=443)

    def instead(self, way: Way) -> Way | None:
        """Return a way of a program for that of a ping, whose packets a rule drops: programs may get through.

        ``None`` if there is no such way: nobody needs to reach the host's own ports over a gateway.
        """
        if way.kind not in {"peer", "host-to-container"}:
            return None
        ports = self.ports.get(way.end, ())
        return replace(way, protocol="tcp", port=ports[0] if ports else _HTTP)

    def _outgoing(self, endpoint: Endpoint, network: Network, version: int) -> Iterator[Way]:
        name = place_of(endpoint)
        gateway = (network.gateway if version == 4 else network.gateway6).partition("/")[0]
        has_gateway = _has_gateway(network, version)
        if gateway and has_gateway:
            yield Way(kind="gateway", start=name, end=HOST, target=gateway, protocol="icmp")
        for target in self.outside.targets.get(version, ()) if not network.internal and has_gateway else ():
            yield Way(kind="egress", start=name, end=OUTSIDE, target=target, port=443)
        if (
            self.suspects is not None
            and self.suspects.has(endpoint.container_id)
            and not network.internal
            and has_gateway
        ):
            yield from self._special(name, version)
        for server in self.resolvers.get(endpoint.container_id, ()) if not network.internal else ():
            # An address of the loopback is a program of the container itself.
            is_elsewhere = not server.startswith("127.") and server != _LOOPBACK[6] and server not in self.unread
            if (":" in server) == (version == 6) and is_elsewhere:
                yield Way(kind="dns", start=name, end=self._owner(server), target=server, port=53, protocol="udp")
        if version == 4 and not network.is_default and self._is_answered(endpoint):
            yield Way(kind="dns", start=name, end=name, target=EMBEDDED, port=53, protocol="udp")
        peer = self._peer(endpoint, version) if network.icc else None
        if peer is not None:
            address = peer.ip if version == 4 else peer.ip6
            yield Way(kind="peer", start=name, end=place_of(peer), target=address, protocol="icmp")

    def _special(self, name: str, version: int) -> Iterator[Way]:
        """Yield the ways that rules about one port or one network end: nothing shows that the container needs them."""
        for target in self.outside.targets.get(version, ())[:1]:
            yield Way(kind="http", start=name, end=OUTSIDE, target=target, port=_HTTP)
        router = self.outside.routers.get(version, "")
        if router and self.outside.targets.get(version):
            yield Way(kind="near", start=name, end=OUTSIDE, target=router, port=_HTTP)

    def _is_answered(self, endpoint: Endpoint) -> bool:
        """Whether a container has rules for the engine's name server: without them a check of its own judges what is missing."""
        namespace = self.namespaces.of(endpoint.container_id)
        if namespace is None:
            return False
        return bool(namespace.nft_rules or namespace.legacy_tables) or any(one != _NAT for one in namespace.nft_tables)

    def _published(self, endpoint: Endpoint, port: PublishedPort) -> Iterator[Way]:
        if not port.host_port or port.protocol not in {"tcp", "udp"} or not port.needs_rules:
            return
        version = port.version
        own = self.outside.own.get(version, "") if port.is_any else port.host_ip
        base = Way(
            kind="published",
            start=HOST,
            end=place_of(endpoint),
            target=own,
            port=port.host_port,
            protocol=port.protocol,
        )
        is_local = own.startswith("127.") or own == _LOOPBACK[6]
        if own and not is_local:
            source = self.outside.senders.get(version)
            if source:
                yield replace(base, start=OUTSIDE, source=source)
            yield replace(base, kind="host-published")
            yield replace(base, kind="hairpin", start=place_of(endpoint))
        if port.is_any or is_local:
            yield replace(base, kind="loopback", target=_LOOPBACK[version] if port.is_any else own)

    def _peer(self, endpoint: Endpoint, version: int) -> Endpoint | None:
        """Return the next container of the network: a ring of ways passes every port of the bridge."""
        ring = self.rings.get((endpoint.network_id, version), [])
        place = self.places.get((endpoint.id, version))
        if len(ring) < 2 or place is None:
            return None
        return ring[(place + 1) % len(ring)]

    def _owner(self, address: str) -> str:
        """Return the place that has an address."""
        return self.owners.get(address, OUTSIDE)


def _has_gateway(network: Network, version: int) -> bool:
    """Whether the bridge has an address by which host and containers know each other."""
    return network.addresses_bridge if version == 4 else network.mode_of(6) != "isolated"


def open_ports(endpoint: Endpoint) -> tuple[int, ...]:
    """Return the ports of TCP that a container is known to serve."""
    exposed = [port for protocol, port in endpoint.exposed if protocol == "tcp"]
    published = [port.container_port for port in endpoint.ports if port.protocol == "tcp"]
    return tuple(dict.fromkeys((*published, *exposed)))


def place_of(endpoint: Endpoint) -> str:
    """Return the name of a container's place: its own, unless it is called like a place of another kind."""
    name = endpoint.container or endpoint.container_id[:12]
    return f"container {name}" if name in {HOST, OUTSIDE} else name
