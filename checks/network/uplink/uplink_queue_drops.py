"""A queue of the host's uplink drops every packet."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespace import drops
from doctor.facts.path.namespaces import NetNamespaces
from doctor.facts.path.own.details import UplinkQueueDrops
from doctor.facts.path.own.kept_state import KeptState
from doctor.facts.path.own.shown_cut import evidence_of
from doctor.facts.path.own.uplinks import own_link
from doctor.facts.path.paths import OpenCuts, PathCut
from doctor.formats.netlink.routes import FAILED, INCOMPLETE

_PACKET = 60
_SILENT = FAILED | INCOMPLETE


@check(
    severity=Severity.ERROR,
    detail=UplinkQueueDrops,
    breaks=("egress", "port"),
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
    found: dict[str, list[PathCut]] = {}
    # Without a known gateway packets end earlier: the question for its address does not leave either.
    for cut in ends.of("qdisc", "neighbour"):
        link = own_link(namespaces.host, networks, cut)
        if link is not None:
            found.setdefault(link.name, []).append(cut)
    for name, cuts in found.items():
        link = namespaces.host.named(name)
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
            message=f"{cuts[0].says.removesuffix(cuts[0].reason)}queue {queue.kind} of {name}: it drops every packet",
            evidence=(Evidence("tc qdisc", f"{queue.kind} dev {link.name}"), *known, *evidence_of(cuts)),
            detail=UplinkQueueDrops(
                failed=tuple(
                    one for one in namespaces.host.neighbours if one.link == link.index and one.state & _SILENT
                ),
                device=link.name,
                queue=queue,
                was=before.kind if before is not None and is_other else "",
            ),
        )
