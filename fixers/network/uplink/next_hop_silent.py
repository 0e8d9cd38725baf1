"""Change the default route back to the gateway of the last healthy scan."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.routing import add_route, delete_route
from doctor.facts.path.own.details import GatewaySilent


@fixer(applicability=Applicability.SAFE)
def next_hop_silent(detail: GatewaySilent) -> Iterator[Action]:
    """Nothing gets through the silent gateway, so nothing is lost; without a known one show the command."""
    if not detail.kept:
        one = detail.current
        yield Advise(
            text=f"look whether {one.route.gateway} is on and the right address; for another one:"
            f" ip route replace default via GATEWAY dev {one.device}"
        )
        return
    yield from map(delete_route, (*detail.diverts, detail.current))
    yield from map(add_route, detail.kept)
