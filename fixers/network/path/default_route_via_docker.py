"""Remove a default route that leads to containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import DockerRoute


@fixer(applicability=Applicability.SAFE)
def default_route_via_docker(detail: DockerRoute) -> Iterator[Action]:
    """Remove it if another one takes its place; else show the commands."""
    over = f"via {detail.gateway} " if detail.gateway else ""
    if not detail.has_other:
        yield Advise(
            text=f"ip route del default {over}dev {detail.device}, after 'ip route add default via GATEWAY dev UPLINK'"
        )
        return
    route: dict[str, str | int] = {"dst": "default", "dev": detail.device}
    if detail.gateway:
        route["gateway"] = detail.gateway
    if detail.metric:
        route["priority"] = detail.metric
    yield ChangeLink(
        do=("route", "del", route),
        undo=("route", "add", route),
        what=f"remove the default route {over}dev {detail.device}",
    )
