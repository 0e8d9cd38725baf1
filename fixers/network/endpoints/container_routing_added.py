"""Ask whether a route, a rule of routing or an address in a container is deleted."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.path.endpoints import inside
from doctor.api.actions.path.routing import left
from doctor.facts.path.ends.details import RoutingAdded


@fixer(applicability=Applicability.SAFE)
def container_routing_added(detail: RoutingAdded) -> Iterator[Action]:
    """Offer to delete it: nobody but a person knows whether it is wanted."""
    word = "address" if detail.kind == "addr" else detail.kind
    if detail.has_more:
        enter = f"nsenter --net=/proc/{detail.place.pid}/ns/net"
        yield Advise(
            text=f"if nobody needs it: {enter} ip {detail.kind} del {detail.text}; an undo could not add all its options again, '{enter} ip -d"
            f" {detail.kind} show' shows them"
        )
        return
    delete = inside(
        detail.place,
        (detail.kind, "del", detail.request),
        (detail.kind, "add", detail.request),
        f"delete the {word} {detail.text}",
    )
    yield Choose(
        question=f"whether the {word} {detail.text} in container {detail.place.container} stays",
        options=(
            Choosable(
                name="delete",
                evidence=(
                    Evidence("who added it", "neither the engine nor a program of the container"),
                    Evidence("delete", "the container does not restart; an undo adds it again"),
                ),
                actions=(delete,),
            ),
            Choosable(
                name="leave",
                evidence=left(word),
                actions=(),
            ),
        ),
    )
