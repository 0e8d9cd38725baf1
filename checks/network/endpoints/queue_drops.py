"""A queue on a container's interface drops every packet."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.details import ContainerPlace, QueueDrops
from doctor.facts.path.ends.endpoints import PathEndpoints
from doctor.facts.path.namespace import NetNamespace, Qdisc
from doctor.facts.path.namespaces import NetNamespaces

_ROOT = 0xFFFFFFFF
_LEAST_BYTES = 74
"""An Ethernet frame with the smallest packet that opens a TCP connection."""


@check(
    severity=Severity.ERROR,
    detail=QueueDrops,
    breaks=("egress", "port", "dns"),
    ends=("qdisc", "neighbour"),
    ok="no queue on a bridge or on a container's interface drops every packet",
)
def queue_drops(endpoints: PathEndpoints, namespaces: NetNamespaces) -> Iterator[Finding]:
    """A queueing discipline (tc) on the engine's bridge, or on either end of a container's veth, lets no packet through.

    What it looks at:
        The root queues of the engine's bridges and of both ends of each running container's veth: blackhole, a pfifo that holds
        no packet, and bfifo or tbf with a limit below the size of one packet. A queue that only delays or limits is not judged.

    Why it matters:
        A queue drops packets after all rules have let them pass, and no counter of a firewall shows it: connections time out.

    How it is fixed:
        A blackhole or an empty pfifo is deleted: the engine's interfaces have no queue. No container restarts. For another kind,
        which may be meant as a limit, the commands are shown.

    References:
        https://man7.org/linux/man-pages/man8/tc.8.html
    """
    host = {
        link.index: (link.name, one.name)
        for one in endpoints.items
        for link in (one.outer, one.bridge)
        if link is not None
    }
    yield from _of(namespaces.host, ContainerPlace(), host)
    seen: set[int] = set()
    for one in endpoints.made:
        if one.namespace.inode in seen or not one.namespace.qdiscs:
            continue
        seen.add(one.namespace.inode)
        inner = {
            other.inner.index: (other.inner.name, one.name)
            for other in endpoints.of(one.endpoint.container_id)
            if other.inner is not None
        }
        yield from _of(one.namespace, one.place, inner)


def _of(namespace: NetNamespace, place: ContainerPlace, links: dict[int, tuple[str, str]]) -> Iterator[Finding]:
    for queue in namespace.qdiscs:
        if queue.parent == _ROOT and queue.link in links and _drops_all(queue):
            yield _finding(queue, place, *links[queue.link])


def _drops_all(queue: Qdisc) -> bool:
    if queue.kind == "blackhole":
        return True
    if queue.limit is None:
        return False
    return queue.limit == 0 if queue.kind == "pfifo" else queue.kind in {"bfifo", "tbf"} and queue.limit < _LEAST_BYTES


def _finding(queue: Qdisc, place: ContainerPlace, device: str, container: str) -> Finding:
    where = f"container {place.container}" if place.pid else "the host"
    shown = queue.kind if queue.limit is None else f"{queue.kind} limit {queue.limit}"
    return Finding(
        subject=Subject("interface", f"{device} of {where}"),
        message=f"the queue {shown} on {device} of {where} drops every packet, such as those of container {container}",
        evidence=(Evidence("tc qdisc", f"{shown} dev {device} root: {queue.drops} packets dropped so far"),),
        detail=QueueDrops(
            place=place,
            device=device,
            kind=queue.kind,
            handle=queue.handle,
            limit=queue.limit,
            is_certain=queue.kind in {"blackhole", "pfifo"},
        ),
    )
