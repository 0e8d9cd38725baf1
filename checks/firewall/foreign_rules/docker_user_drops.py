"""An administrator's rule in DOCKER-USER blocks containers' packets."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import USER, Cut, TrafficCuts
from doctor.model.text import in_words, named

_LOST = {"egress": "outgoing packets", "reply": "answers to containers", "port": "packets to published ports"}


@check(
    severity=Severity.WARNING,
    detail=Cut,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="DOCKER-USER accepts containers' packets",
)
def docker_user_drops(cuts: TrafficCuts) -> Iterator[Finding]:
    """A rule in DOCKER-USER blocks packets of a network, which may be intended.

    What it looks at:
        Ordinary packets are followed through the filter table in the output of iptables-save. A finding is a rule reached from
        DOCKER-USER that certainly drops or rejects them. If it names traffic (an interface, sources, a port) and blocks only
        incoming packets, it is a policy and only noted, like the examples in Docker's documentation.

    Why it matters:
        The chain is evaluated before Docker's rules, so containers lose the named traffic although Docker's rules are complete.
        A rule without an interface (-i) matches both directions, which is rarely intended.

    How it is fixed:
        Rules in DOCKER-USER are an administrator's policy: doctor asks whether to remove one, and an undo adds it again. To close published ports but keep
        containers' own connections, first accept established connections, and name the outside interface in the rule.

    References:
        https://docs.docker.com/engine/network/firewall-iptables/
    """
    for cut in cuts.at(USER):
        lost = in_words(_LOST[word] for word in cut.traffic)
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            severity=Severity.INFO if cut.is_wish and "egress" not in cut.traffic else None,
            message=f"an administrator's rule in DOCKER-USER blocks {lost} ({named('network', cut.networks)}): {cut.rule}",
            evidence=(Evidence("iptables-save", cut.rule), Evidence("decided by", cut.decided)),
            detail=cut,
        )
