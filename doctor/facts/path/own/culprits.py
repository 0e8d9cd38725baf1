"""Which rules of routing, and which routes, make packets end or leave by a wrong interface: from the cuts of ``Paths``."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from doctor.facts.path.namespace import NetNamespace, RoutingRule
from doctor.facts.path.own.kept_state import PlacedRoute, placed
from doctor.facts.path.paths import PathCut
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import KERNEL, LOCAL, MAIN

DISCARDS = ("blackhole-route", "unreachable-route", "prohibit-route")
DETOUR = "wrong-route"
TAKEN = "local-address"
SILENT = "neighbour"
_SENDER = "source-is-local"
_KEPT_HERE = frozenset({TAKEN, _SENDER, "no-listener"})
BY_RULE = "rule-of-routing"
_OWN = frozenset({LOCAL, MAIN, 253})
_TABLES = {"main": MAIN, "local": LOCAL, "default": 253}


def rules_of(namespace: NetNamespace, cut: PathCut) -> tuple[RoutingRule, ...]:
    """Return the rules by which packets of a cut at the host end: that itself, or those that lead to the table where they end."""
    if cut.place != HOST:
        return ()
    version = cut.ways[0].version if cut.ways else 4
    named = re.match(r"ip (?:-6 )?rule (\d+)", cut.reason)
    if cut.cause == BY_RULE and named:
        return tuple(
            one
            for one in namespace.rules
            if one.priority == int(named[1]) and one.version == version and _is_meant(one, cut.reason)
        )
    table = table_of(cut)
    if cut.cause in {*DISCARDS, DETOUR} and table not in _OWN:
        return tuple(one for one in namespace.rules if one.version == version and one.table == table and _leads(one))
    return ()


def _covers(destination: str, target: str) -> bool:
    try:
        return ip_address(target) in ip_network(destination, strict=False)
    except ValueError:
        return False


def _leads(rule: RoutingRule) -> bool:
    return rule.action == "table"


def _is_meant(rule: RoutingRule, reason: str) -> bool:
    """Whether one of several rules of a priority is the one of a reason."""
    return f"table {rule.table}" in reason if rule.action == "table" else rule.action in reason


def table_of(cut: PathCut) -> int:
    """Return the number of the table that a cut names, that of the main table if it names none."""
    found = re.search(r"table (\w+)", cut.reason)
    if found is None:
        return MAIN
    return int(found[1]) if found[1].isdigit() else _TABLES.get(found[1], MAIN)


def routes_of(namespace: NetNamespace, cut: PathCut) -> tuple[PlacedRoute, ...]:
    """Return the routes at which packets of a cut at the host end, or that lead them to a wrong interface."""
    if cut.place != HOST:
        return ()
    if cut.cause in _KEPT_HERE:
        return tuple(_local_routes(namespace, cut))
    if cut.cause == SILENT:
        return tuple(_routes_over(namespace, cut))
    return tuple(dict.fromkeys(_routes(namespace, cut))) if cut.cause in {*DISCARDS, DETOUR} else ()


def _local_routes(namespace: NetNamespace, cut: PathCut) -> Iterator[PlacedRoute]:
    """Yield the local routes that somebody added, by which the host takes packets to an address, or from it, that it does not have."""
    own = {one.address for one in namespace.addresses}
    named = set(re.findall(r"address ([0-9a-f.:]+) is", cut.reason)) if cut.cause == _SENDER else set()
    targets = (named or {way.target for way in cut.ways}) - own
    for one in placed(namespace):
        is_added = one.route.kind == "local" and one.route.table == LOCAL and one.route.protocol != KERNEL
        if is_added and any(_covers(one.route.destination, target) for target in targets):
            yield one


def _routes_over(namespace: NetNamespace, cut: PathCut) -> Iterator[PlacedRoute]:
    """Yield the routes over next hops that nobody answers for, and that lead to a target of the cut or to a sender of answers."""
    _, _, silent = cut.reason.partition("nobody answers for ")
    names, one_of, _ = silent.partition(", one of ")
    hops = set(re.findall(r"[0-9a-f]*[.:][0-9a-f.:]+", names.partition(", the next hops")[0]))
    targets = {way.source if cut.is_answer else way.target for way in cut.ways}
    for one in placed(namespace):
        over = {hop.gateway for hop in one.route.hops} if one.devices else {one.route.gateway}
        # The kernel may have chosen a silent one of several.
        is_over = over <= hops or (bool(one_of) and len(over) > 1 and bool(over & hops))
        if is_over and any(_covers(one.route.destination, target) for target in targets):
            yield one


def _routes(namespace: NetNamespace, cut: PathCut) -> Iterator[PlacedRoute]:
    table, version = table_of(cut), cut.ways[0].version if cut.ways else 4
    mine = [one for one in placed(namespace) if one.route.table == table and one.route.version == version]
    if cut.cause in DISCARDS:
        kind = cut.cause.removesuffix("-route")
        yield from (
            one for one in mine if one.route.kind == kind and f"route {kind} {one.route.destination} of" in cut.reason
        )
        return
    diverted = re.search(r"\(([0-9a-f.:]+)\) to (\S+)", cut.reason)
    if diverted is None:
        return
    try:
        target = ip_network(diverted[1])
    except ValueError:
        return
    leading = [
        one
        for one in mine
        if one.device == diverted[2]
        and one.route.kind == "unicast"
        and target.subnet_of(ip_network(one.route.destination))  # type: ignore[arg-type]
    ]
    if leading:
        yield max(leading, key=lambda one: ip_network(one.route.destination).prefixlen)
