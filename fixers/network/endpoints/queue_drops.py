"""Delete a queue that drops every packet."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.path.endpoints import inside
from doctor.facts.path.ends.details import QueueDrops, Request


@fixer(applicability=Applicability.SAFE)
def queue_drops(detail: QueueDrops) -> Iterator[Action]:
    """Delete it if it can have no other purpose; else show the command."""
    device = detail.device
    if not detail.is_certain:
        prefix = f"nsenter --net=/proc/{detail.place.pid}/ns/net " if detail.place.pid else ""
        yield Advise(
            text=f"{prefix}tc qdisc del dev {quote(device)} root; or give the {detail.kind} a limit above the size of a packet"
        )
        return
    back: Request = {"dev": device, "kind": detail.kind, "handle": detail.handle}
    if detail.limit is not None:
        back["limit"] = detail.limit
    yield inside(
        detail.place,
        ("queue", "del", {"dev": device}),
        ("queue", "add", back),
        f"delete the queue {detail.kind} of {device}",
    )
