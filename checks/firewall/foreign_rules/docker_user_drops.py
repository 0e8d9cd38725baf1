"""The administrator's own rules in DOCKER-USER end containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import USER, Cut, TrafficCuts

_LOST = {"egress": "what containers send out", "reply": "the answers they get", "port": "what comes to published ports"}


@check(
    severity=Severity.WARNING,
    detail=Cut,
    breaks=("egress", "port", "dns"),
    ok="DOCKER-USER lets containers' packets through",
)
def docker_user_drops(cuts: TrafficCuts) -> Iterator[Finding]:
    """A rule in DOCKER-USER drops or rejects packets of a network, which may be meant so.

    What it looks at:
        Ordinary packets are walked through the filter table as iptables-save prints it. A finding is a rule reached from
        DOCKER-USER that surely ends them. One that names traffic (an interface, sources, a port), or that ends only what comes
        in, is a policy and no more than a remark: so are the examples of Docker's own documentation.

    Why it matters:
        The chain is asked before Docker's rules, so containers lose the traffic named, though everything of Docker's is in
        order. A rule without an interface (-i) hits both directions, which few people mean.

    How it is fixed:
        Not by doctor: rules in DOCKER-USER are an administrator's policy. To close published ports but keep containers'
        own connections, let established ones return first and name the outside interface.

    References:
        https://docs.docker.com/engine/network/firewall-iptables/
    """
    for cut in cuts.at(USER):
        lost = " and ".join(_LOST[word] for word in cut.traffic)
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            severity=Severity.INFO if cut.is_wish else None,
            message=f"an administrator's rule in DOCKER-USER ends {lost} (network {', '.join(cut.networks)}): {cut.rule}",
            evidence=(Evidence("iptables-save", cut.rule), Evidence("decided by", cut.decided)),
            detail=cut,
        )
