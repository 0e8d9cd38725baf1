"""Compares the host's network namespace with its state at the last healthy scan: by names of interfaces, not by numbers."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, ip_network

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.backup.kept_namespace import HealthyNetwork, kept_of
from doctor.facts.path.namespace import Neighbour, NetAddress, NetLink, NetNamespace, NetRoute, Qdisc, RoutingRule
from doctor.formats.netlink.route_requests import hops_text
from doctor.formats.netlink.routes import FAILED, INCOMPLETE, MAIN
from doctor.model.missing import Missing

DEFAULTS = {4: "0.0.0.0/0", 6: "::/0"}
_ONLINK = 4
"""RTNH_F_ONLINK."""


class PlacedRoute(Struct, frozen=True, kw_only=True):
    """A route with the name of its interface instead of the number, "" for one that discards packets.

    Attributes:
        devices: interfaces of its next hops if it has several, which then have no number.
    """

    route: NetRoute
    device: str = ""
    devices: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return it as ip(8) writes it."""
        kind = "" if self.route.kind == "unicast" or self.route.nhid else f"{self.route.kind} "
        target = "default" if self.route.destination in DEFAULTS.values() else self.route.destination
        is_other = self.route.version == 4 and ":" in self.route.gateway
        via = f" via {'inet6 ' if is_other else ''}{self.route.gateway}" if self.route.gateway else ""
        device = f" dev {self.device}" if self.device else ""
        if self.route.nhid:
            via, device = f" nhid {self.route.nhid}", ""
        table = f" table {self.route.table}" if self.route.table != MAIN else ""
        metric = f" metric {self.route.metric}" if self.route.metric else ""
        hops = f" {hops_text(self.route.hops, self.devices)}" if self.devices and not self.route.nhid else ""
        return f"{kind}{target}{via}{device}{table}{metric}{hops}"

    @property
    def request(self) -> dict[str, str | int]:
        """Return it as a request to rtnetlink."""
        hops = hops_text(self.route.hops, self.devices) if self.devices and not self.route.nhid else ""
        return self.route.request(self.device) | ({"nexthops": hops} if hops else {})

    @property
    def is_default(self) -> bool:
        """Whether it leads to everything."""
        return self.route.destination in DEFAULTS.values()


def placed(namespace: NetNamespace) -> Iterator[PlacedRoute]:
    """Yield the routes of a namespace, without those with a next hop whose interface is not known."""
    for route in namespace.routes:
        link = namespace.link(route.link) if route.link else None
        name = "" if link is None or link.is_loopback or route.hops else link.name
        devices = tuple(_name(namespace, hop.link) for hop in route.hops)
        hops = tuple(replace(hop, link=0, flags=hop.flags & _ONLINK) for hop in route.hops)
        if all(devices):
            same = replace(route, link=0, flags=route.flags & _ONLINK, hops=hops)
            yield PlacedRoute(route=same, device=name, devices=devices)


class KeptState:
    """The host's namespace now, beside that of the last healthy scan; ``kept`` is ``None`` without a record."""

    def __init__(self, now: NetNamespace, record: HealthyNetwork | Missing) -> None:
        self.now = now
        self.record = None if isinstance(record, Missing) else record
        self.kept = None if isinstance(record, Missing) else record.namespace

    @property
    def place(self) -> str:
        """Return where a kept value is from, for evidence."""
        return "" if self.record is None else self.record.place

    def lost_routes(self) -> tuple[PlacedRoute, ...]:
        """Return the routes that were there and are not; who added one does not matter."""
        return () if self.kept is None else self._without(self.kept, self.now)

    def new_routes(self) -> tuple[PlacedRoute, ...]:
        """Return the routes that were not there; empty without a record."""
        return () if self.kept is None else self._without(kept_of(self.now), self.kept)

    def has_route(self, one: PlacedRoute) -> bool:
        """Whether the last healthy scan saw a route; not known without one."""
        return self.kept is not None and _same(one) in {_same(other) for other in placed(self.kept)}

    @staticmethod
    def _without(these: NetNamespace, those: NetNamespace) -> tuple[PlacedRoute, ...]:
        there = {_same(one) for one in placed(those)}
        return tuple(one for one in placed(these) if _same(one) not in there)

    def lost_rules(self) -> tuple[RoutingRule, ...]:
        """Return the rules of routing that were there and are not."""
        there = {_plain(one) for one in self.now.rules}
        return () if self.kept is None else tuple(one for one in self.kept.rules if _plain(one) not in there)

    def is_new(self, rule: RoutingRule) -> bool:
        """Whether a rule of routing was not there at the last healthy scan; not known without one."""
        return self.kept is not None and _plain(rule) not in map(_plain, self.kept.rules)

    def lost_addresses(self) -> tuple[tuple[NetAddress, str], ...]:
        """Return the addresses that were there and are not, with the names of their interfaces."""
        if self.kept is None:
            return ()
        there = {(one.text, _name(self.now, one.link)) for one in self.now.addresses}
        return tuple(
            (one, name)
            for one in self.kept.addresses
            if (name := _name(self.kept, one.link)) and (one.text, name) not in there
        )

    def has_address(self, address: str) -> bool:
        """Whether the host had an address."""
        return self.kept is not None and any(one.address == address for one in self.kept.addresses)

    def link(self, name: str) -> NetLink | None:
        """Return the interface of that name as it was."""
        return None if self.kept is None else self.kept.named(name)

    def setting(self, key: str) -> str | None:
        """Return the value that a setting had."""
        return None if self.kept is None else self.kept.sysctls.get(key)

    def queue(self, device: str) -> Qdisc | None:
        """Return the queue of an interface as it was."""
        link = self.link(device)
        found = () if link is None or self.kept is None else self.kept.qdiscs
        return next((one for one in found if link and one.link == link.index), None)

    def neighbour(self, device: str, address: str) -> Neighbour | None:
        """Return the neighbour entry of an address as it was."""
        link = self.link(device)
        found = () if link is None or self.kept is None else self.kept.neighbours
        return next((one for one in found if link and (one.link, one.address) == (link.index, address)), None)

    def fits(self, one: PlacedRoute) -> bool:
        """Whether a route that was there can work now: its interface is up, its gateway on that link, not known to be silent, and nothing of it is unknown."""
        link = self.now.named(one.device)
        if link is None or not link.is_up or not link.has_carrier or not one.route.is_restorable:
            return False
        gateway = one.route.gateway
        if not gateway:
            return True
        return not self.is_silent(link, gateway) and (one.route.flags & _ONLINK > 0 or self.is_on(link, gateway))

    def is_silent(self, link: NetLink, address: str) -> bool:
        """Whether nobody answered for an address, or nobody has so far: an answer takes a millisecond."""
        return any(
            (one.link, one.address) == (link.index, address) and one.state & (FAILED | INCOMPLETE)
            for one in self.now.neighbours
        )

    def is_on(self, link: NetLink, gateway: str) -> bool:
        """Whether a gateway is in a network of an interface, or has a route of its own to it."""
        target = ip_address(gateway)
        if target.version == 6 and target.is_link_local:
            return True
        own = self.now.addresses_of(link.index, target.version)
        if any(target in ip_interface(one.text).network and one.address != gateway for one in own):
            return True
        return any(
            route.link == link.index and not route.gateway and target in ip_network(route.destination, strict=False)
            for route in self.now.routes
            if route.version == target.version and route.table == MAIN and route.destination not in DEFAULTS.values()
        )


def _same(one: PlacedRoute) -> tuple[object, ...]:
    route = one.route
    hops = tuple(sorted((hop.gateway, name) for hop, name in zip(route.hops, one.devices, strict=True)))
    return (route.version, route.table, route.kind, route.destination, route.gateway, route.metric, one.device, hops)


def _plain(rule: RoutingRule) -> RoutingRule:
    """Return a rule without who added it."""
    return replace(rule, protocol=0)


def _name(namespace: NetNamespace, index: int) -> str:
    link = namespace.link(index)
    return "" if link is None else link.name
