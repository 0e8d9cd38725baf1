"""A queue of the host's uplink drops every packet."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.networks import Networks
from doctor.facts.path.device import drops
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import UplinkQueueDrops
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.own.uplinks import own_link
from doctor.facts.path.paths import OpenCuts

_PACKET = 60


@check(
    severity=Severity.ERROR,
    detail=UplinkQueueDrops,
    breaks=("egress", "image", "port"),
    ok="no queue of the host's own interfaces drops every packet",
)
def uplink_queue_drops(
    ends: OpenCuts, namespaces: NetNamespaces, networks: Networks, record: HealthyNetwork | Missing
) -> Iterator[Finding]:
    """The queue (qdisc) of an interface of the host drops every packet that containers send by it.

    What it looks at:
        The queues of the host's interfaces on the ways of containers' packets: blackhole, and pfifo and bfifo with a limit below
        one packet. Queues of the engine's bridges and veths have a check of their own.

    Why it matters:
        The interface is up and receives, but nothing leaves by it. Scripts for traffic shaping and tests of failures set such queues.

    How it is fixed:
        If the last healthy scan saw another queue, this one is deleted; the kernel then uses its default. Otherwise the command
        is shown.

    References:
        https://man7.org/linux/man-pages/man8/tc.8.html
    """
    state = KeptState(namespaces.host, record)
    for cut in ends.of("qdisc"):
        link = own_link(namespaces.host, networks, cut)
        queue = next(
            (one for one in namespaces.host.qdiscs if link and one.link == link.index and drops(one, _PACKET)), None
        )
        if link is None or queue is None:
            continue
        before = state.queue(link.name)
        is_other = before is not None and (before.kind, before.limit) != (queue.kind, queue.limit)
        known = (Evidence(state.place, f"queue {before.kind}"),) if before is not None else ()
        yield Finding(
            subject=Subject("interface", link.name),
            message=cut.says,
            evidence=(Evidence("tc qdisc", f"{queue.kind} dev {link.name}"), *known, *evidence_of((cut,))),
            detail=UplinkQueueDrops(
                device=link.name, queue=queue, was=before.kind if before is not None and is_other else ""
            ),
        )
