"""Which ways are alike: one of them is walked for all, if nothing that a walk reads makes their containers differ."""

from collections.abc import Iterable, Mapping
from typing import Any

from doctor.facts.network.networks import Endpoint
from doctor.facts.path.namespace import Neighbour, NetLink, NetNamespace
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.routing import RouteAnswer
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.numbers import address
from doctor.facts.path.scene.constants import Members
from doctor.facts.path.scene.ways import place_of
from doctor.facts.path.segment import places_with
from doctor.facts.path.way import DROPPED, HOST, REJECTED, Walk, Way
from doctor.facts.path.world import PathPlace, World
from doctor.formats.json_values import items

_FIXED, _FRESH, _FAILED, _USABLE = 0x80 | 0x40, 0x02 | 0x04, 0x20, 0xDE
"""States of neighbour entries that a walk distinguishes, see ``neighbours``."""
_GROUPS = frozenset(map(str, range(224, 240)))
"""First numbers of IPv4's addresses of multicast."""
_PUBLISHED = frozenset({"published", "host-published", "hairpin", "loopback"})


class Alike:
    """The containers of a world, and what a walk reads of each.

    Args:
        answers: the kernel's routes to the addresses of containers.
    """

    def __init__(
        self,
        world: World,
        running: Iterable[Endpoint],
        namespaces: NetNamespaces,
        firewalls: PathFirewalls,
        answers: Mapping[str, RouteAnswer],
    ) -> None:
        self.world, self.answers = world, answers
        self.host = world.host
        self.endpoints: dict[str, list[Endpoint]] = {}
        for one in running:
            if place_of(one) in world.places:
                self.endpoints.setdefault(place_of(one), []).append(one)
        self.numbers = {name: number for number, name in enumerate(self.endpoints)}
        self.suspects = frozenset(firewalls.containers)
        self.outer = namespaces.outer
        self.words = {name: tuple(dict.fromkeys(self._words(name))) for name in self.endpoints}
        self.members = Members([self.words[name] for name in self.endpoints])
        self.queues = _by_link(self.host.namespace)
        self.entries = {(one.link, one.address): one for one in self.host.namespace.neighbours}
        self.learned: dict[str, list[tuple[Any, ...]]] = {}
        for entry in self.host.namespace.fdb:
            self.learned.setdefault(entry.mac, []).append((entry.link, entry.master, entry.state))
        self.sockets: dict[int, list[Any]] = {}
        for socket in self.host.sockets or ():
            self.sockets.setdefault(socket.port, []).append(socket)
        self._read(firewalls.host)
        self.classes: dict[Any, int] = {}
        self.of = {name: self._class(name) for name in self.endpoints}

    def groups(self, ways: Iterable[Way]) -> dict[Way, tuple[Way, ...]]:
        """Return a way to be walked with all those that are like it, itself among them."""
        found: dict[Any, list[Way]] = {}
        for way in ways:
            found.setdefault(self._key(way), []).append(way)
        return {same[0]: tuple(same) for same in found.values()}

    def is_particular(self, walk: Walk) -> bool:
        """Whether packets end at something of one container, so that those of others that are like it end elsewhere."""
        if walk.end not in {DROPPED, REJECTED}:
            return False
        names = [name for name in (walk.way.start, walk.way.end) if name in self.words]
        own = {name: (name, *self.words[name]) for name in names}
        said = f"{walk.reason} {walk.rule}"
        entries = (place for name in names for place in self.members.own[self.numbers[name]])
        if walk.chain and any(not str(place[0]).startswith(("iptables", "ip6tables")) for place in entries):
            # Rules of nft are known by their numbers only.
            return True
        return walk.place in own or walk.device in own or any(word in said for words in own.values() for word in words)

    def _key(self, way: Way) -> tuple[Any, ...]:
        start, end = self.of.get(way.start, way.start), self.of.get(way.end, way.end)
        target: Any = way.target
        for name in (way.end, way.start):
            if name in self.words and way.target in self.words[name]:
                target = ("own", self.words[name].index(way.target))
                break
        port: Any = way.port
        if way.kind in _PUBLISHED and way.end in self.endpoints:
            ports = [one for endpoint in self.endpoints[way.end] for one in endpoint.ports]
            port = next((("published", at) for at, one in enumerate(ports) if one.host_port == way.port), way.port)
        known: Any = ()
        if way.kind == "peer" and way.end in self.words:
            known = (self._knows(way.start, way.end), self._knows(way.end, way.start))
        return (way.kind, start, end, way.start == way.end, target, port, way.protocol, way.version, way.source, known)

    def _words(self, name: str) -> Iterable[str]:
        """Yield all that rules may name a container by."""
        namespace = self.world.places[name].namespace
        for endpoint in self.endpoints[name]:
            yield from filter(None, (endpoint.ip, endpoint.ip6))
        yield from (one.address for one in namespace.addresses if one.scope != "host")
        for link in namespace.links:
            if not link.is_loopback:
                yield link.mac
                outer = self.outer(link)
                if outer is not None:
                    yield outer.name
        for endpoint in self.endpoints[name]:
            yield from (str(port.host_port) for port in endpoint.ports if port.host_port)

    def _read(self, lists: RuleLists) -> None:
        """Note all constants that the host compares packets with."""
        members = self.members
        above: dict[tuple[str, ...], int] = {}
        for save in lists.saves:
            for rule in save.saved.ruleset.rules:
                chain = (save.backend, rule.table, rule.chain)
                if not members.line(rule.text.split(" "), (*chain, above.get(chain, 0))):
                    above[chain] = above.get(chain, 0) + 1
        for name, found in lists.sets.items():
            if found.table is not None:
                members.table(found.table, (name,))
        if lists.nft is not None:
            for one in lists.nft.rules:
                chain = (one.family, one.table, one.chain)
                if not members.rule(one.expressions, (*chain, above.get(chain, 0))):
                    above[chain] = above.get(chain, 0) + 1
            for place, listed in lists.nft.sets.items():
                members.elements(items(listed.get("elem")), place)
        self._read_routes()

    def _read_routes(self) -> None:
        members = self.members
        for route in self.host.namespace.routes:
            members.words((route.destination, route.source, route.gateway))
        for rule in self.host.namespace.rules:
            members.words((rule.source, rule.destination, rule.iif, rule.oif))
            spans = (span for span in (rule.sport, rule.dport) if span is not None)
            members.words(f"{span[0]}-{span[1]}" for span in spans)

    def _class(self, name: str) -> int:
        """Return a number that containers share of which a walk reads the same."""
        return self.classes.setdefault(self._seen(name), len(self.classes))

    def _seen(self, name: str) -> Any:
        number = self.numbers[name]
        place = self.world.places[name]
        words = self.words[name]
        cell = self.members.cell(words)
        is_shared = any(
            len(places_with(self.world, *found)) > 1 for word in words if (found := address(word)) is not None
        )
        if (
            self.members.is_opaque
            or number in self.members.unlike
            or is_shared
            or place.namespace.inode in self.suspects
        ):
            return name
        masks = {word: f"@{at}" for at, word in enumerate(words)}
        return (
            cell,
            tuple(self.members.own[number]),
            tuple(self._endpoint(one, masks) for one in self.endpoints[name]),
            self._image(place, masks),
        )

    def _endpoint(self, endpoint: Endpoint, masks: Mapping[str, str]) -> tuple[Any, ...]:
        ports = tuple(
            (port.protocol, port.host_ip, port.container_port, self._listening(port.host_port, masks))
            for port in endpoint.ports
        )
        answers = tuple(self.answers.get(one) for one in (endpoint.ip, endpoint.ip6) if one)
        return endpoint.network_id, masks.get(endpoint.ip), masks.get(endpoint.ip6), ports, endpoint.exposed, answers

    def _listening(self, port: int, masks: Mapping[str, str]) -> tuple[Any, ...]:
        return tuple(
            (
                one.protocol,
                one.address,
                one.version,
                None if one.forwards is None else (masks.get(one.forwards[0], one.forwards[0]), one.forwards[1]),
                one.program,
            )
            for one in self.sockets.get(port, ())
        )

    def _image(self, place: PathPlace, masks: Mapping[str, str]) -> tuple[Any, ...]:
        """Return a container's namespace, and the host's ends of its veths, without the names that are its own."""
        namespace = place.namespace
        order = {link.index: at for at, link in enumerate(namespace.links)}
        mine = _by_link(namespace)
        return (
            tuple(
                (*_link(link, order, masks), mine.get(link.index), self._outside(link, masks))
                for link in namespace.links
            ),
            tuple(
                (order.get(one.link), _masked(one.address, masks), one.prefix, one.scope, one.flags)
                for one in namespace.addresses
            ),
            _routing(namespace, order, masks),
            frozenset(
                (order.get(one.link), one.address, masks.get(one.mac, one.mac), _known(one))
                for one in namespace.neighbours
                if one.address not in self.members.exact and not _is_group(one.address)
            ),
            namespace.nft_tables,
            tuple(sorted(namespace.nft_rules.items())),
            namespace.legacy_tables,
            tuple(sorted(namespace.sysctls.items())),
            namespace.cut,
        )

    def _outside(self, link: NetLink, masks: Mapping[str, str]) -> Any:
        """Return the host's end of a veth, and what the host and its bridge know of the other one."""
        outer = self.outer(link)
        if outer is None:
            return link.peer_index if link.kind else None
        entries = [(one, self.entries.get((outer.master, one))) for one in masks]
        return (
            outer.flags, outer.mtu, outer.kind, outer.master, outer.port, outer.xdp, outer.operstate,
            self.queues.get(outer.index),
            tuple((masks[word], _known(one), masks.get(one.mac, one.mac)) for word, one in entries if one is not None),
            tuple((at == outer.index, master, state) for at, master, state in self.learned.get(link.mac, ())),
        )  # fmt: skip

    def _knows(self, asker: str, owner: str) -> Any:
        """Return what a container knows of the addresses of another one."""
        words = self.words.get(owner, ())
        place = self.world.places.get(asker)
        if place is None or asker == HOST:
            return ()
        return tuple(
            (words.index(one.address), _known(one), words.index(one.mac) if one.mac in words else one.mac)
            for one in place.namespace.neighbours
            if one.address in words
        )


def _by_link(namespace: NetNamespace) -> dict[int, tuple[Any, ...]]:
    found: dict[int, tuple[Any, ...]] = {}
    for one in namespace.qdiscs:
        found[one.link] = (*found.get(one.link, ()), (one.kind, one.parent, one.limit))
    return found


def _link(link: NetLink, order: Mapping[int, int], masks: Mapping[str, str]) -> tuple[Any, ...]:
    return (
        link.name, link.kind, link.flags, link.mtu, masks.get(link.mac, link.mac), order.get(link.master), link.operstate,
        link.has_carrier, link.port, link.bridge, order.get(link.lower), link.vlan, link.xdp, link.peer_namespace is None,
    )  # fmt: skip


def _routing(namespace: NetNamespace, order: Mapping[int, int], masks: Mapping[str, str]) -> tuple[Any, ...]:
    """Return the routes and the rules of routing, without the addresses that are the container's own."""
    routes = tuple(
        (
            one.version, one.table, one.kind, _masked(one.destination, masks), _masked(one.source, masks), one.gateway,
            order.get(one.link), one.metric, one.mtu, one.hops,
        )
        for one in namespace.routes
    )  # fmt: skip
    rules = tuple(
        (
            one.priority, one.version, one.action, one.table, _masked(one.source, masks), _masked(one.destination, masks),
            one.iif, one.oif, one.mark, one.mask, one.invert, one.ipproto, one.sport, one.dport,
        )
        for one in namespace.rules
    )  # fmt: skip
    return routes, rules


def _masked(text: str, masks: Mapping[str, str]) -> str:
    base, slash, rest = text.partition("/")
    return masks.get(base, base) + slash + rest


def _known(entry: Neighbour) -> tuple[bool, ...]:
    return tuple(bool(entry.state & bits) for bits in (_FIXED, _FRESH, _FAILED, _USABLE))


def _is_group(text: str) -> bool:
    """Whether an address is one of multicast, to which no way leads."""
    return text.startswith("ff") if ":" in text else text.partition(".")[0] in _GROUPS
