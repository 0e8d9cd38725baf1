"""Packets of containers end at a route that discards them, or leave by a wrong interface."""

from collections.abc import Iterator
from ipaddress import ip_network

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.culprits import SILENT, routes_of
from doctor.facts.path.own.details import RouteAdded
from doctor.facts.path.own.hidden import hiding_routes
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute
from doctor.facts.path.own.shown_cut import evidence_of, set_by
from doctor.facts.path.own.skipping import deciding_rules
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.formats.netlink.routes import MAIN


@check(
    severity=Severity.ERROR,
    detail=RouteAdded,
    breaks=("egress", "port", "dns"),
    ok="no route of the host discards or diverts packets of containers",
)
def route_ends(
    ends: OpenCuts,
    namespaces: NetNamespaces,
    networks: Networks,
    record: HealthyNetwork | Missing,
    files: HostNetworkFiles | Missing,
) -> Iterator[Finding]:
    """A route of the host discards packets of containers (blackhole, unreachable, prohibit) or sends them to a wrong interface or next hop.

    What it looks at:
        The ways of the packets of all running containers, and of a new one, as the kernel routes them. A route over a next hop that
        nobody answers for is named if it was not there at the last healthy scan. Routes of the main table inside the subnet of a
        container network are judged by network/subnet-overlap-route. No way leads to most networks outside: a route that discards
        one, and was not there at the last healthy scan, is a warning, unless it bans a single client, belongs to a list of more than
        four, or a routing daemon or a file of the host added it.

    Why it matters:
        The containers' packets use the host's routes. Scripts against attackers, VPN clients and routing daemons add routes that
        discard, and remove them later, or forget to.

    How it is fixed:
        If the route was not there at the last healthy scan, ``--choose`` asks whether it is deleted; an undo adds it again. A line of
        /etc/network/interfaces that adds it becomes a comment. Otherwise the command is shown: somebody may need the route.

    References:
        https://man7.org/linux/man-pages/man8/ip-route.8.html
    """
    state = KeptState(namespaces.host, record)
    found: dict[PlacedRoute, list[PathCut]] = {}
    containers = tuple(namespaces.containers.values())
    for cut in ends.cuts:
        if any(map(state.is_new, deciding_rules(namespaces.host, cut, containers))):
            continue
        for route in routes_of(namespaces.host, cut):
            if not _is_within(route, networks):
                found.setdefault(route, []).append(cut)
    new = set(state.new_routes()) if found else set()
    for route, cuts in found.items():
        if route not in new and all(cut.cause == SILENT for cut in cuts):
            # The neighbour is off, or somebody else's fault is why it is not reached.
            continue
        first = next((cut for cut in cuts if not cut.is_answer), cuts[0])
        is_new = route in new
        known = () if state.kept is None else (Evidence(state.place, "no such route" if is_new else "the same route"),)
        source = None if isinstance(files, Missing) else files.source_of(route.route, route.device)
        place = "" if source is None else source.place
        yield Finding(
            subject=Subject("route", route.text),
            message=_message(route, first),
            evidence=(Evidence("ip route", route.text), *known, *set_by(place), *evidence_of((first, *cuts))),
            detail=RouteAdded(routes=(route,), is_new=is_new, source=place),
        )
    for route in hiding_routes(state, networks):
        is_set = not isinstance(files, Missing) and files.source_of(route.route, route.device) is not None
        if route not in found and not is_set:
            yield _hiding(state, route)


def _hiding(state: KeptState, one: PlacedRoute) -> Finding:
    return Finding(
        subject=Subject("route", one.text),
        message=f"packets of containers to {one.route.destination} end at the route {one.text}, which was not there at the last healthy scan",
        severity=Severity.WARNING,
        evidence=(Evidence("ip route", one.text), Evidence(state.place, "no such route")),
        detail=RouteAdded(routes=(one,), is_new=True),
    )


def _message(route: PlacedRoute, cut: PathCut) -> str:
    """Return the cut's sentence, with the route if only its next hop is named."""
    return f"{cut.says}: the route is {route.text}" if cut.cause == SILENT else cut.says


def _is_within(one: PlacedRoute, networks: Networks) -> bool:
    """Whether a route of the main table is inside the subnet of a container network."""
    if one.route.table != MAIN or one.route.version != 4:
        return False
    mine = ip_network(one.route.destination)
    return any(
        mine.subnet_of(ip_network(subnet))  # type: ignore[arg-type]
        for network in networks.bridges
        for subnet in network.subnets
        if ":" not in subnet
    )
