"""A foreign rule in an isolation chain ends all traffic of containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import ISOLATION, Lift, TrafficCuts, wish_severity


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ok="no foreign rule in the isolation chains ends traffic",
)
def isolation_drops_all(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in one of Docker's isolation chains ends packets that isolation is not about.

    What it looks at:
        Ordinary packets are walked through the filter table as iptables-save prints it; a finding is a rule in
        DOCKER-ISOLATION-STAGE-1, -2 or DOCKER-INTERNAL that the engine did not make and that surely ends them.

    Why it matters:
        Containers reach nothing outside, though all of Docker's rules are there. Someone who meant to add a rule for one
        network put it where every packet passes.

    How it is fixed:
        Docker's rules of that chain, its final RETURN too, are moved above the foreign one; the foreign rule stays. Where it
        names traffic (an interface, sources, a port), it looks meant: a person must choose.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.at(ISOLATION):
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule in {cut.chain} ends all packets of network {', '.join(cut.networks)}: {cut.rule}",
            evidence=(Evidence("iptables-save", cut.rule),),
            severity=wish_severity(cut),
            detail=Lift.of(cut),
        )
