"""A host with its containers as packets see it."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.path.namespace import Neighbour, NetLink, NetNamespace, NetRoute, Qdisc
from doctor.facts.path.rules.numbers import address, network
from doctor.facts.path.rules.ruleset import PathRules
from doctor.facts.path.rules.values import Range
from doctor.facts.path.way import HOST


class PathSocket(Struct, frozen=True, kw_only=True):
    """A socket that takes packets.

    Attributes:
        protocol: ``tcp`` or ``udp``.
        address: it is bound to, "" for all; ``version`` 0 if it takes both.
        forwards: container's address and port, if it is the engine's proxy.
        program: that has the socket, if it is not a proxy of the engine and somebody asked for it.
    """

    protocol: str
    port: int
    address: str = ""
    version: int = 0
    forwards: tuple[str, int] | None = None
    program: str = ""


class PathPlace(Struct, kw_only=True):
    """One network namespace.

    Attributes:
        name: ``host``, or the container's.
        rules: all its rules; ``None`` if it has tables that were not read.
        sockets: ``None`` if they are not known: then any port is taken for open.
        inner: sockets of a container whose rules lead packets to programs of its own; ``None`` if they were not read.
        types: types of local addresses, by version and interface, once asked for.
        routes_by_dscp: whether a rule of routing asks for a packet's DSCP.
    """

    name: str
    namespace: NetNamespace
    rules: PathRules | None
    sockets: tuple[PathSocket, ...] | None = None
    inner: tuple[PathSocket, ...] | None = None
    types: dict[tuple[int, int], dict[int, str]] = {}
    _links: dict[int, NetLink] = {}
    _named: dict[str, NetLink] = {}
    _ports: dict[int, list[NetLink]] = {}
    _forks: tuple[NetRoute, ...] = ()
    routes_by_dscp: bool = False
    _neighbours: dict[tuple[int, int, int], Neighbour] = {}
    _qdiscs: dict[int, list[Qdisc]] = {}

    def __post_init__(self) -> None:
        """Sort links, neighbours and queues once: a host of a thousand containers has as many ports."""
        self._links = {link.index: link for link in self.namespace.links}
        self._named = {link.name: link for link in self.namespace.links}
        self._ports = {}
        for link in self.namespace.links:
            if link.master:
                self._ports.setdefault(link.master, []).append(link)
        self._forks = tuple(route for route in self.namespace.routes if len(route.hops) > 1)
        self.routes_by_dscp = any(rule.tos or rule.dscp >= 0 for rule in self.namespace.rules)
        self._neighbours = {}
        for entry in self.namespace.neighbours:
            found = address(entry.address)
            if found is not None:
                self._neighbours[entry.link, *found] = entry
        self._qdiscs = {}
        for one in self.namespace.qdiscs:
            self._qdiscs.setdefault(one.link, []).append(one)

    def link(self, index: int) -> NetLink | None:
        """Return the interface of that number."""
        return self._links.get(index)

    def named(self, name: str) -> NetLink | None:
        """Return the interface of that name."""
        return self._named.get(name)

    def ports(self, bridge: int) -> list[NetLink]:
        """Return the ports of a bridge."""
        return self._ports.get(bridge, [])

    def qdiscs(self, link: int) -> list[Qdisc]:
        """Return the queues of an interface."""
        return self._qdiscs.get(link, [])

    def forks(self, version: int, destination: int, table: int) -> Iterator[NetRoute]:
        """Yield the routes with several next hops that lead to a destination, unless a more specific one does."""
        for fork in self._forks:
            if fork.version != version or fork.table != table:
                continue
            size = _size(fork, destination)
            others = (one for one in self.namespace.routes if one.version == version and one.table == table)
            if size is not None and all((found := _size(one, destination)) is None or found >= size for one in others):
                yield fork

    def neighbour(self, link: int, version: int, number: int) -> Neighbour | None:
        """Return the neighbour entry of an address."""
        return self._neighbours.get((link, version, number))


def _size(route: NetRoute, destination: int) -> int | None:
    """Return how many addresses a route covers, ``None`` if not this one."""
    span = network(route.destination)
    return span.high - span.low if isinstance(span, Range) and span.low <= destination <= span.high else None


End = tuple[PathPlace, NetLink]
"""An interface with its place."""


def where(place: PathPlace) -> str:
    """Return the place for a message: " in aa", "" for the host."""
    return "" if place.name == HOST else f" in {place.name}"


def named(place: PathPlace) -> str:
    """Return the place as the subject of a message: "aa", "the host"."""
    return "the host" if place.name == HOST else place.name


class BridgePorts(Struct):
    """Where the ports of a bridge lead: by the other end's MAC address, or nowhere that is known; as it learned, and its own."""

    by_mac: dict[str, list[NetLink]] = {}
    unknown: list[NetLink] = []
    learned: dict[str, int] = {}
    local: set[str] = set()

    def keeps(self, mac: str) -> bool:
        """Whether the bridge keeps packets to an address of its own, instead of sending them by a port."""
        return mac not in self.learned or mac in self.local


class World(Struct, kw_only=True):
    """A host and its containers.

    Attributes:
        places: by name; ``host`` is one of them.
        uplink: name of the interface by which packets from outside arrive, "" without one.
        now: the host's clock when its rules were read, in seconds since the epoch; ``None`` if unknown.
        peers: other ends of veths, once asked for; ``ends`` all veths by their numbers here and there, ``ports`` those of
            bridges, ``addresses`` the places that have an address, ``asked`` the rules that drop questions for neighbours.
    """

    places: dict[str, PathPlace]
    uplink: str = ""
    now: float | None = None
    peers: dict[tuple[str, int], End | None] = {}
    ends: dict[tuple[int, int], list[End]] = {}
    ports: dict[tuple[str, int], BridgePorts] = {}
    addresses: dict[tuple[int, int], set[str]] = {}
    asked: dict[tuple[str, int, int, int], tuple[str, str]] = {}

    @property
    def host(self) -> PathPlace:
        """The host itself."""
        return self.places[HOST]
