"""A foreign rule bypasses the isolation of Docker's networks."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Lift, TrafficCuts
from doctor.model.text import named


@check(
    severity=Severity.WARNING,
    security=True,
    detail=Lift,
    ok="no foreign rule bypasses the isolation of the engine's networks",
)
def isolation_bypassed(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in an isolation chain lets packets bypass Docker's rule that isolates the networks.

    What it looks at:
        The chains DOCKER-ISOLATION-STAGE-1, -2 and DOCKER-INTERNAL in the output of iptables-save: a RETURN or ACCEPT that the
        engine did not create, above the engine's rule, that certainly matches a packet from one network to another.

    Why it matters:
        People rely on separate networks as a boundary; with this rule containers of one network reach all ports of another.
        Nothing fails, so nobody notices.

    How it is fixed:
        Docker's rules are moved above the foreign rule, in one transaction; the foreign rule is kept. To connect two networks
        on purpose, attach a container to both.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.bypasses:
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule in {cut.chain} lets {named('network', cut.networks)} reach other networks: {cut.rule}",
            evidence=(
                Evidence("iptables-save", cut.rule),
                *(Evidence("below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift),
        )
