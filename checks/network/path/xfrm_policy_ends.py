"""A policy of IPsec blocks packets of containers, or sends them into a tunnel without keys."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, Subject, check
from doctor.facts.path.details import PolicyEnd
from doctor.facts.path.paths import OpenCuts

_NEEDED = frozenset({"egress", "egress-new", "dns", "peer", "published"})
"""Kinds of ways without which containers do not work."""


@check(
    severity=Severity.ERROR,
    detail=PolicyEnd,
    breaks=("egress", "port", "dns"),
    ok="no policy of IPsec blocks packets of containers, or encrypts them without keys",
)
def xfrm_policy_ends(cuts: OpenCuts) -> Iterator[Finding]:
    """A policy of IPsec (XFRM) drops packets of containers: it blocks them, or encrypts them for a tunnel that has no keys.

    What it looks at:
        The policies and states of the host, as ``ip xfrm policy`` and ``ip xfrm state`` list them, on each way of the running
        containers: when a packet is sent, forwarded and received, with its addresses before and after masquerading. Packets that a
        tunnel with keys takes are left out: nobody here knows how far they come.

    Why it matters:
        No rule of the firewall and no route shows it: packets vanish between two hooks. A tunnel to 0.0.0.0/0 whose keys
        have expired, or whose daemon has ended without removing its policies, takes all traffic of the host with it.

    How it is fixed:
        The commands are shown that delete the policy or show the tunnel: a policy may be the reason for which nothing leaves in
        the clear.

    References:
        https://man7.org/linux/man-pages/man8/ip-xfrm.8.html
    """
    for cut in cuts.of("xfrm"):
        policy, _, effect = cut.reason.removeprefix("the XFRM policy ").partition(", which ")
        yield Finding(
            subject=Subject("xfrm-policy", policy),
            message=cut.says,
            severity=None if cut.kinds & _NEEDED else Severity.WARNING,
            evidence=cut.evidence[1:],
            detail=PolicyEnd(policy=policy, is_block=effect.startswith("blocks")),
        )
