"""Add the default route of a running container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.details import RouteLost


@fixer(applicability=Applicability.SAFE)
def container_default_route_missing(detail: RouteLost) -> Iterator[Action]:
    """Add the route over the only gateway that it can have had; else show the restart that sets it."""
    if not detail.ways:
        yield Advise(text=f"docker restart {detail.container}")
    for gateway, device in detail.ways:
        route: dict[str, str | int] = {"dst": "default", "gateway": gateway, "dev": device}
        yield ChangeLink(
            do=("route", "add", route),
            undo=("route", "del", route),
            pid=detail.pid,
            inode=detail.inode,
            what=f"add the default route via {gateway} in container {detail.container}",
        )
