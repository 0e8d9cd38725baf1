"""The network outside of a host: by which interface it is reached, which address it sees, and addresses that stand for it."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from doctor.facts.path.namespace import NetLink, NetNamespace, NetRoute
from doctor.facts.path.routing import RouteAnswer, RouteQuestion

ADDRESSES: Mapping[int, tuple[str, ...]] = {4: ("193.0.14.129", "9.9.9.9"), 6: ("2001:7fd::1",)}
"""Public addresses that stand for the network outside: one in each half of IPv4, since VPNs replace the default route by two
halves. Nothing is sent to them. Addresses of documentation would not do: firewalls drop them as bogus.
"""
_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
_MAIN = 254


class PathOutside(Struct, frozen=True, kw_only=True):
    """The network outside.

    Attributes:
        uplink: interface by which packets from outside arrive, "" without one.
        targets: addresses outside by version, of which the host treats each differently.
        own: the host's address by version by which others reach it.
        senders: address of somebody outside by version, near the host; ``routers`` the same of the default route alone.
    """

    uplink: str = ""
    targets: Mapping[int, tuple[str, ...]] = {}
    own: Mapping[int, str] = {}
    senders: Mapping[int, str] = {}
    routers: Mapping[int, str] = {}


def questions() -> tuple[RouteQuestion, ...]:
    """Return the questions about the host's routes to the network outside."""
    return tuple(RouteQuestion(version=version, destination=one) for version, some in ADDRESSES.items() for one in some)


def outside_of(host: NetNamespace, answers: Mapping[RouteQuestion, RouteAnswer]) -> PathOutside:
    """Return the network outside, by the kernel's answers to ``questions``."""
    defaults = {version: _defaults(host, version) for version in (4, 6)}
    links = [link for version in (4, 6) for route in defaults[version] if (link := host.link(route.link)) is not None]
    uplink = next(iter(links), None) or next(_addressed(host), None)
    own, senders, targets = {}, {}, {}
    routers: dict[int, str] = {}
    for version in (4, 6):
        if uplink is not None and (address := _address(host, uplink, version)):
            own[version] = address
        # A host without any such route may be isolated on purpose: network/no-default-route judges it.
        if defaults[version] or any(_leads(version, answers)):
            targets[version] = _different(version, answers)
        # A router that is known by an address of the link alone sends none of its own through it.
        gateways = [one for route in defaults[version] if (one := route.gateway) and not one.startswith("fe80:")]
        senders[version] = next(iter(gateways), ADDRESSES[version][0])
        if gateways:
            routers[version] = gateways[0]
    name = "" if uplink is None else uplink.name
    return PathOutside(uplink=name, targets=targets, own=own, senders=senders, routers=routers)


def _leads(version: int, answers: Mapping[RouteQuestion, RouteAnswer]) -> Iterator[bool]:
    """Yield whether the host has a route to an address outside, for each."""
    return (not answer.error for question, answer in answers.items() if question.version == version)


def _defaults(host: NetNamespace, version: int) -> list[NetRoute]:
    """Return the default routes, the best one of the main table first."""
    found = [
        route
        for route in host.routes
        if route.version == version and route.destination == _DEFAULT[version] and route.kind == "unicast"
    ]
    return sorted(found, key=lambda route: (route.table != _MAIN, route.metric))


def _addressed(host: NetNamespace) -> Iterator[NetLink]:
    """Yield interfaces that may lead outside: with an address of their own, and neither bridges nor tunnels."""
    for link in host.links:
        if not link.kind and not link.is_loopback and _address(host, link, 4):
            yield link


def _address(host: NetNamespace, link: NetLink, version: int) -> str:
    return next((one.address for one in host.addresses_of(link.index, version) if one.scope == "global"), "")


def _different(version: int, answers: Mapping[RouteQuestion, RouteAnswer]) -> tuple[str, ...]:
    """Return the addresses, without those that the host treats like an earlier one."""
    seen: dict[tuple[object, ...], str] = {}
    for question, answer in answers.items():
        if question.version == version:
            key = (answer.error, answer.kind, answer.link, answer.gateway, answer.table, answer.mtu)
            seen.setdefault(key, question.destination)
    return tuple(seen.values())
