"""A route, a rule of routing or an address that somebody added in a running container ends its packets."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from msgspec.structs import replace

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import Request, RoutingAdded
from doctor.facts.path.ends.endpoints import PathEndpoint, PathEndpoints
from doctor.facts.path.own.culprits import routes_of
from doctor.facts.path.own.kept_state import PlacedRoute, placed
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.own.skipping import deciding_rules
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.facts.path.way import HOST
from doctor.formats.netlink.routes import KERNEL

_WORD = r"(?<![\w.:]){}(?![\w.:])"
_WORDS = {"addr": "address"}
_DEFAULTS = frozenset({"0.0.0.0/0", "::/0"})
_SHARED = frozenset({"macvlan", "ipvlan"})
_BACK = "the way back to "


@check(
    severity=Severity.ERROR,
    detail=RoutingAdded,
    breaks=("egress", "port"),
    ok="no route, rule or address that was added in a running container ends its packets",
)
def container_routing_added(ends: OpenCuts, endpoints: PathEndpoints) -> Iterator[Finding]:
    """A route, a rule of routing or an address in a container's namespace, which the engine did not set, ends its packets.

    What it looks at:
        The ways of the packets of all running containers, as the kernel routes them. Containers whose programs may change the
        network (NET_ADMIN) and runtimes other than runc are left out.

    Why it matters:
        The host's rules and routes show nothing: the packets end within the container, or leave it by an interface that leads
        nowhere.

    How it is fixed:
        ``--choose`` asks whether it is deleted: no program of the container can have added it, but a person may
        have closed this way on purpose. The container does not restart; an undo adds it again.

    References:
        https://man7.org/linux/man-pages/man8/ip-rule.8.html
    """
    made = {one.name: one for one in endpoints.made}
    found: dict[tuple[str, str], tuple[PathEndpoint, RoutingAdded, list[PathCut]]] = {}
    for cut in ends.cuts:
        one = made.get(cut.place)
        if one is None:
            continue
        for added in _added(
            one, cut, {other.inner.name for other in endpoints.of(one.endpoint.container_id) if other.inner}
        ):
            found.setdefault((one.name, added.text), (one, added, []))[2].append(cut)
    for one, added, cuts in found.values():
        first = next((cut for cut in cuts if not cut.is_answer), cuts[0])
        yield Finding(
            subject=Subject(_WORDS.get(added.kind, added.kind), f"{added.text} in container {one.name}"),
            message=first.says,
            evidence=(Evidence(f"ip {added.kind} in {one.name}", added.text), *evidence_of((first, *cuts))),
            detail=added,
        )


def _added(one: PathEndpoint, cut: PathCut, own: set[str]) -> Iterator[RoutingAdded]:
    """The rules, routes and addresses of the container's namespace that end a cut's packets; a rule explains its table."""
    here = replace(cut, place=HOST)
    rules = deciding_rules(one.namespace, here)
    for rule in rules:
        yield RoutingAdded(place=one.place, kind="rule", text=rule.text, request=rule.request(), has_more=rule.has_more)
    routes = () if rules else (*routes_of(one.namespace, here), *_elsewhere(one, cut, own))
    shared = _shared(one)
    for route in routes:
        if route.device in shared or _is_engine_s(one, route):
            continue
        yield RoutingAdded(
            place=one.place,
            kind="route",
            text=route.text,
            request=route.request,
            has_more=route.route.has_more,
        )
    if cut.cause not in {"local-address", "source-is-local"}:
        return
    for item in one.namespace.addresses:
        link = one.namespace.link(item.link)
        if (
            link is None
            or item.text in {one.address, one.address6}
            or not re.search(_WORD.format(item.address), cut.reason)
        ):
            continue
        request: Request = {"dev": link.name, "address": item.text, **item.attributes}
        yield RoutingAdded(place=one.place, kind="addr", text=f"{item.text} dev {link.name}", request=request)


def _is_engine_s(one: PathEndpoint, route: PlacedRoute) -> bool:
    """Whether it is the default route of the engine, which also leads nowhere where the network's bridge is gone."""
    version = route.route.version
    return route.route.destination in _DEFAULTS and route.route.gateway == one.gateway_for(version) != ""


def _shared(one: PathEndpoint) -> set[str]:
    """The interfaces of networks without a bridge: the engine sets routes over them, and no endpoint here shows which."""
    return set() if one.is_only else {link.name for link in one.namespace.links if link.kind in _SHARED}


def _elsewhere(one: PathEndpoint, cut: PathCut, own: set[str]) -> Iterator[PlacedRoute]:
    """The route that leads packets, or the way back of those that arrive, to an interface which is not the engine's."""
    _, is_back, rest = cut.reason.partition(_BACK)
    if not is_back and (cut.device in own or cut.device in {"", "lo"}):
        return
    targets = [rest.split()[0]] if is_back and rest else [way.target for way in cut.ways if way.start == one.name]
    for route in placed(one.namespace):
        if route.device in own or route.device in {"", "lo"} or route.route.protocol == KERNEL:
            continue
        if any(_leads(route, target) for target in targets):
            yield route


def _leads(route: PlacedRoute, target: str) -> bool:
    try:
        return ip_address(target) in ip_network(route.route.destination)
    except ValueError:
        return False
