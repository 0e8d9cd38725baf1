"""Advise how to resolve the conflict of a network and a route."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.links import Route


@fixer(applicability=Applicability.MANUAL)
def subnet_overlap_route(finding: Finding, detail: Route) -> Iterator[Action]:
    """Show both ways; only the user knows which route is intended."""
    name, route = finding.subject.name, detail
    if not route.device:
        yield Advise(
            text=f"if the route is not intended: ip route del {route.kind} {route.destination}, and remove it from the configuration that adds it"
        )
        return
    if name == "bridge":
        way = 'set "bip" in /etc/docker/daemon.json to a free range and systemctl restart docker (ip route shows the ranges in use)'
    else:
        way = f"docker network rm {name}, then docker network create --subnet RANGE {name} with a free range"
    yield Advise(text=f"{way}; or make the other program announce a less specific route")
