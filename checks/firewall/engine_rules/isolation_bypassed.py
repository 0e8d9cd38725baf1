"""A foreign rule lets Docker's networks reach each other."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import Lift, TrafficCuts


@check(severity=Severity.WARNING, detail=Lift, ok="nothing leads around the isolation of the engine's networks")
def isolation_bypassed(cuts: TrafficCuts) -> Iterator[Finding]:
    """A foreign rule in an isolation chain lets packets pass before Docker's rule there keeps networks apart.

    What it looks at:
        The chains DOCKER-ISOLATION-STAGE-1, -2 and DOCKER-INTERNAL as iptables-save prints them: a RETURN or ACCEPT that the
        engine did not make, that surely matches a packet from one network to another, above the engine's rule.

    Why it matters:
        Separate networks are a boundary that people rely on; with the detour containers of one reach every port of another.
        Nothing fails, so nobody sees it.

    How it is fixed:
        Docker's rules are moved above the foreign one, in one transaction; the foreign rule stays. To connect two networks
        on purpose, attach a container to both.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for cut in cuts.bypasses:
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"network {', '.join(cut.networks)} reaches others: a foreign rule in {cut.chain} leads around"
            f" their isolation: {cut.rule}",
            evidence=(
                Evidence("iptables-save", cut.rule),
                *(Evidence("stands below it", text) for text in cut.lift[:3]),
            ),
            detail=Lift(table=cut.table, chain=cut.chain, above=cut.rule, rules=cut.lift),
        )
