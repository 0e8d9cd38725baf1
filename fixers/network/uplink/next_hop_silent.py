"""Ask whether the default route is changed back to the gateway of the last healthy scan."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.path.routing import add_route, delete_route
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.facts.path.own.details import GatewaySilent


@fixer(applicability=Applicability.SAFE)
def next_hop_silent(detail: GatewaySilent, files: HostNetworkFiles | Missing) -> Iterator[Action]:
    """Somebody changed the route, perhaps to a VPN that is off now; one that a file of the host sets is wanted."""
    one = detail.current
    source = None if isinstance(files, Missing) else files.source_of(one.route, one.device)
    place = f" of {source.place}" if source is not None else ""
    if not detail.kept or one.route.has_more or source is not None:
        yield Advise(
            text=f"look whether {one.route.gateway}{place} is on and the right address; for another one:"
            f" ip route replace default via GATEWAY dev {quote(one.device)}"
        )
        return
    yield Choose(
        question=f"whether the default route over {one.route.gateway} stays",
        options=(
            Choosable(
                name="replace",
                evidence=tuple(Evidence("last healthy scan", route.text) for route in detail.kept[:4]),
                actions=(*map(delete_route, (*detail.diverts, one)), *map(add_route, detail.kept)),
            ),
            Choosable(
                name="leave",
                evidence=(
                    Evidence(
                        "leave it",
                        f"if {one.route.gateway} is a VPN or a filter that is off now: nothing may go around it",
                    ),
                ),
                actions=(),
            ),
        ),
    )
