"""Packets of containers end on their way, and no other check names the place."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, Subject, check
from doctor.facts.path.details import PathEnd
from doctor.facts.path.paths import LeftCuts, PathCut
from doctor.facts.path.way import HOST

_NEEDED = frozenset({"egress", "egress-new", "dns", "peer", "published"})
"""Kinds of ways without which containers do not work; the host's own are often closed on purpose."""


@check(
    severity=Severity.ERROR,
    detail=PathEnd,
    breaks=("egress", "port"),
    ok="packets of containers arrive on each way that can be followed, and so do the answers",
)
def path_ends(cuts: LeftCuts) -> Iterator[Finding]:
    """Packets of a running container, or of a new one, certainly end on their way: a rule, a route or an interface drops them.

    What it looks at:
        Each way of the running containers on the engine's bridges: to the network outside, to name servers, to the gateway and to
        other containers of the network; to published ports from outside, from the host, from 127.0.0.1 and from the container
        itself; and of a new container to the network outside. Each packet and its answer is followed from hop to hop through
        interfaces, bridges, rules of iptables, nftables and ebtables in all families, and sockets; the kernel is asked for
        each route. Nothing is sent. If a rule or state can't be judged, nothing is claimed. A place that another check names
        is left out here.

    Why it matters:
        Connections on these ways time out or are refused, although each part looks healthy by itself.

    How it is fixed:
        The command that shows the hop, or follows a real packet there, is shown: only a person knows whether somebody
        wanted it.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    places: dict[Subject, list[PathCut]] = {}
    for cut in cuts.cuts:
        places.setdefault(cut.subject, []).append(cut)
    for subject, same in places.items():
        # Ways that containers need come first.
        cut, *others = sorted(same, key=lambda one: not one.kinds & _NEEDED)
        yield Finding(
            subject=subject,
            message=cut.says,
            severity=_severity(cut),
            evidence=(*cut.evidence[1:], *(other.evidence[0] for other in others)),
            detail=PathEnd(
                table=cut.table,
                chain=cut.chain,
                rule=cut.rule,
                handle=cut.handle,
                place=cut.rule_home,
                device=cut.device,
                trace=_trace(cut),
            ),
        )


def _severity(cut: PathCut) -> Severity | None:
    if cut.kinds & _NEEDED:
        return None
    return Severity.INFO if cut.cause == "rule" else Severity.WARNING


def _trace(cut: PathCut) -> str:
    """Return the arguments with which a packet is followed on the first way of an existing container, "" without one."""
    for way in cut.ways:
        if way.kind in {"egress", "dns", "peer"} and way.start in cut.containers:
            return way.trace
        if way.kind in {"published", "host-published", "loopback"} and way.start != HOST:
            return ""
    return ""
