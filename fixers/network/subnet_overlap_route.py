"""Say how to keep a network and a route apart."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.network.links import Route


@fixer(applicability=Applicability.MANUAL)
def subnet_overlap_route(finding: Finding, detail: Route) -> Iterator[Action]:
    """Name the ways out; which side is right only a person knows."""
    name, route = finding.subject.name, detail
    if not route.device:
        yield Advise(
            text=f"ip route del {route.kind} {route.destination}, here and where it is made, if it is not meant so"
        )
        return
    if name == "bridge":
        way = 'set "bip" in /etc/docker/daemon.json to a free range and systemctl restart docker (ip route shows what is taken)'
    else:
        way = f"docker network rm {name}, and docker network create --subnet in a free range {name}"
    yield Advise(text=f"{way}, or make the other side announce a less specific route")
