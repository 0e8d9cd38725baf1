"""Delete a queue that drops every packet."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.own.details import UplinkQueueDrops


@fixer(applicability=Applicability.SAFE)
def uplink_queue_drops(detail: UplinkQueueDrops) -> Iterator[Action]:
    """The kernel's default takes its place; without a known one show the command."""
    if not detail.was:
        yield Advise(
            text=f"tc qdisc del dev {quote(detail.device)} root, if nobody keeps the host from sending on purpose"
        )
        return
    request: dict[str, str | int] = {"dev": detail.device, "kind": detail.queue.kind}
    if detail.queue.handle:
        request["handle"] = detail.queue.handle
    if detail.queue.limit is not None:
        request["limit"] = detail.queue.limit
    yield ChangeLink(
        do=("queue", "del", {"dev": detail.device}),
        undo=("queue", "add", request),
        what=f"delete the queue {detail.queue.kind} of {detail.device}",
    )
    for entry in detail.failed:
        # Otherwise the gateway would count as silent until somebody sends to it.
        yield ChangeLink(
            do=(
                "neigh",
                "del",
                {"dev": detail.device, "dst": entry.address, "family": 2 if entry.version == 4 else 10},
            ),
            undo=None,
            may_fail=True,
            what=f"forget that {entry.address} did not answer",
        )
