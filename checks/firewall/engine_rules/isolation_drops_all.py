"""A foreign rule in an isolation chain blocks all traffic of containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import ISOLATION, Lift, TrafficCuts, wish_severity
from doctor.model.text import named


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="no foreign rule in the isolation chains blocks traffic",
)
def isolation_drops_all(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in one of Docker's isolation chains blocks packets that are unrelated to isolation.

    What it looks at:
        Ordinary packets are followed through the filter table in the output of iptables-save. A finding is a rule in
        DOCKER-ISOLATION-STAGE-1, -2 or DOCKER-INTERNAL that the engine did not create and that certainly drops or rejects them.

    Why it matters:
        Containers have no outside connections, although all of Docker's rules exist. Usually someone added a rule for one
        network in a chain that every packet passes.

    How it is fixed:
        Docker's rules of that chain, including its final RETURN, are moved above the foreign rule, which is kept. If it names
        traffic (an interface, sources, a port), it looks intended: the administrator must choose.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.at(ISOLATION):
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule in {cut.chain} blocks all packets of {named('network', cut.networks)}: {cut.rule}",
            evidence=(Evidence("iptables-save", cut.rule),),
            severity=wish_severity(cut),
            detail=Lift.of(cut),
        )
