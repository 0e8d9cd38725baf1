"""Ask whether a new route that diverts a network is deleted, or advise how to resolve the conflict."""

from collections.abc import Iterator
from ipaddress import ip_network
from shlex import quote

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.routing import ask_about_route
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.links import Route
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.kept_state import KeptState, PlacedRoute
from doctor.formats.netlink.routes import MAIN


@fixer(applicability=Applicability.SAFE)
def subnet_overlap_route(
    finding: Finding, detail: Route, namespaces: NetNamespaces | Missing, record: HealthyNetwork | Missing
) -> Iterator[Action]:
    """A route that the last healthy scan did not see may be deleted; of others show both ways: only the user knows which one is intended."""
    name, route = finding.subject.name, detail
    added = None if isinstance(namespaces, Missing) else _added(KeptState(namespaces.host, record), route)
    if added is not None:
        yield ask_about_route(added, is_new=True)
        return
    if not route.device:
        yield Advise(
            text=f"if the route is not intended: ip route del {route.kind} {route.destination}, and remove it from the configuration that adds it"
        )
        return
    if name == "bridge":
        way = 'set "bip" in /etc/docker/daemon.json to a free range and systemctl restart docker (ip route shows the ranges in use)'
    else:
        way = f"docker network rm {quote(name)}, then docker network create --subnet RANGE {quote(name)} with a free range"
    yield Advise(text=f"{way}; or make the other program announce a less specific route")


def _added(state: KeptState, route: Route) -> PlacedRoute | None:
    """Return the route of a finding if it was not there at the last healthy scan."""
    wanted = ip_network(route.destination, strict=False)
    return next(
        (
            one
            for one in state.new_routes()
            if (one.device, one.route.kind, one.route.metric, one.route.table)
            == (route.device, route.kind, route.metric, MAIN)
            and one.route.version == wanted.version
            and ip_network(one.route.destination) == wanted
        ),
        None,
    )
