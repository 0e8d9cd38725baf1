"""Rules of routing that are gone: of the host's files, and of the last healthy scan."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from msgspec import Struct

from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.namespace import NetNamespace, RoutingRule
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.paths import PathCut
from doctor.facts.path.way import Way
from doctor.formats.netlink.routes import LOCAL, MAIN
from doctor.formats.network.configured import ConfiguredRule
from doctor.model.missing import Missing

_KERNELS = frozenset({LOCAL, MAIN, 253})
_ALL_BITS = 0xFFFFFFFF


class LostRule(Struct, frozen=True, kw_only=True):
    """A rule, and the place that has it: a file with its line, or the last healthy scan."""

    rule: RoutingRule
    place: str


def lost_rules(state: KeptState, files: HostNetworkFiles | Missing) -> Iterator[LostRule]:
    """Yield the rules that lead to a table of their own; one of both sources once."""
    seen: set[RoutingRule] = set()
    there = state.now.rules
    configured = () if isinstance(files, Missing) else tuple(_of_files(files))
    kept = (LostRule(rule=rule, place=state.place) for rule in state.lost_rules() if not rule.has_more)
    for lost in (*configured, *kept):
        rule = lost.rule
        if rule.action != "table" or rule.table in _KERNELS or any(_is_same(rule, one) for one in (*there, *seen)):
            continue
        seen.add(rule)
        yield lost


def _of_files(files: HostNetworkFiles) -> Iterator[LostRule]:
    """Yield them with their priorities: of a rule without one nobody knows where it was."""
    for one in files.rules:
        table = files.table(one.table)
        for version in ((one.version,) if one.version else (4, 6)) if one.priority and table > 0 else ():
            yield LostRule(rule=_rule(one, version, table), place=one.place)


def _rule(one: ConfiguredRule, version: int, table: int) -> RoutingRule:
    return RoutingRule(
        version=version,
        priority=one.priority,
        action=one.action,
        table=table,
        source=one.source,
        destination=one.destination,
        iif=one.iif,
        oif=one.oif,
        mark=one.mark,
        mask=_ALL_BITS if one.mark else 0,
    )


def _is_same(one: RoutingRule, other: RoutingRule) -> bool:
    """Whether two rules lead the same packets to the same table; their priorities may differ."""
    names = ("version", "action", "table", "source", "destination", "iif", "oif", "mark", "invert")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def explains(rule: RoutingRule, cut: PathCut, namespaces: NetNamespaces) -> bool:
    """Whether packets that end would have found a route by a rule: it is about them, and its table leads them by an interface that is up."""
    if rule.mask or rule.oif or rule.ipproto or rule.sport or rule.dport or rule.invert:
        return False
    devices = {hop.device for hop in cut.hops}
    if rule.iif and rule.iif not in devices:
        return False
    return any(
        way.version == rule.version
        and _is_from(rule.source, way, namespaces)
        and _is_in(rule.destination, way.target)
        and _has_route(namespaces.host, rule, way.target)
        for way in cut.ways
    )


def _is_from(network: str, way: Way, namespaces: NetNamespaces) -> bool:
    """Whether a sender of the way has an address in a network; of a container by any of its addresses."""
    if not network:
        return True
    known = (one.address for spaces in namespaces.containers.values() for one in spaces.addresses)
    own = (way.source,) if way.source else tuple(known)
    return any(_is_in(network, address) for address in own)


def _is_in(network: str, address: str) -> bool:
    return not network or ip_address(address.partition("%")[0]) in ip_network(network, strict=False)


def _has_route(host: NetNamespace, rule: RoutingRule, target: str) -> bool:
    for route in host.routes:
        if (route.version, route.table, route.kind) != (rule.version, rule.table, "unicast"):
            continue
        link = host.link(route.link)
        if link is not None and link.is_up and _is_in(route.destination, target):
            return True
    return False
