"""Rules of routing that skip others (``ip rule … goto``): the kernel's answer names a later rule, or no route, and not them."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from doctor.facts.path.namespace import NetNamespace, RoutingRule
from doctor.facts.path.own.culprits import rules_of
from doctor.facts.path.paths import PathCut
from doctor.facts.path.way import HOST, OUTSIDE, Way

_NOT_FOUND = frozenset({"no-route", "no-default-route"})


def deciding_rules(
    namespace: NetNamespace, cut: PathCut, containers: tuple[NetNamespace, ...] = ()
) -> tuple[RoutingRule, ...]:
    """Return the rules by which packets of a cut at the host end: the one that skips the right rule, else those that the cut names."""
    named = rules_of(namespace, cut)
    if cut.place != HOST or not (named or cut.cause in _NOT_FOUND):
        return named
    for place, rule in enumerate(namespace.rules):
        is_after = all(one.priority >= rule.target for one in named)
        if rule.action == "goto" and is_after and _skips(namespace, place, cut, containers):
            return (rule,)
    return named


def _skips(namespace: NetNamespace, place: int, cut: PathCut, containers: tuple[NetNamespace, ...]) -> bool:
    """Whether a rule leads packets of a cut past one whose table has a route for them; without its target a goto has no effect."""
    rule = namespace.rules[place]
    if not any((one.version, one.priority) == (rule.version, rule.target) for one in namespace.rules):
        return False
    skipped = [one for one in namespace.rules[place + 1 :] if one.priority < rule.target and _is_simple(one)]
    known = tuple(one.address for space in (namespace, *containers) for one in space.addresses)
    return any(
        way.version == rule.version
        and _is_about(rule, cut, way, known)
        and any(_is_about(one, cut, way, known) and _has_route(namespace, one, cut, way, known) for one in skipped)
        for way in cut.ways
    )


def _is_simple(rule: RoutingRule) -> bool:
    """Whether a rule looks in a table for whatever packets have its addresses."""
    rest = (rule.mask, rule.oif, rule.ipproto, rule.sport, rule.dport, rule.invert, rule.tos, rule.uid_range)
    return rule.action == "table" and rule.suppress_prefix < 0 and not any(rest)


def _is_about(rule: RoutingRule, cut: PathCut, way: Way, known: tuple[str, ...]) -> bool:
    """Whether packets of a way have the addresses and the interface of a rule; its other conditions are taken to hold."""
    if rule.oif or (rule.iif and rule.iif != "lo" and rule.iif not in {hop.device for hop in cut.hops}):
        return False
    if rule.invert:
        return True
    own = (way.source,) if way.source and not cut.is_answer else known
    return _holds(rule.source, own) and _holds(rule.destination, tuple(_targets(cut, way, known)))


def _targets(cut: PathCut, way: Way, known: tuple[str, ...]) -> Iterator[str]:
    """Yield the addresses that packets of a way may have as their target where they end: after a translation a container's."""
    yield way.source if cut.is_answer and way.source else way.target
    if way.end not in {OUTSIDE, HOST}:
        yield from known


def _holds(network: str, addresses: tuple[str, ...]) -> bool:
    return not network or any(_is_in(network, address) for address in addresses)


def _is_in(network: str, address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]) in ip_network(network, strict=False)
    except ValueError:
        return False


def _has_route(namespace: NetNamespace, rule: RoutingRule, cut: PathCut, way: Way, known: tuple[str, ...]) -> bool:
    targets = tuple(_targets(cut, way, known))
    for route in namespace.routes:
        if (route.version, route.table, route.kind) == (rule.version, rule.table, "unicast"):
            link = namespace.link(route.link)
            is_usable = bool(route.hops) or (link is not None and link.is_up)
            if is_usable and _holds(route.destination, targets):
                return True
    return False
