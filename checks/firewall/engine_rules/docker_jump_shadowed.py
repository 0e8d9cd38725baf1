"""A rule among Docker's own ends packets before the rule that should let them through."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import BETWEEN, ENGINE, Lift, TrafficCuts, wish_severity
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ok="the engine's rules are asked in their order",
)
def docker_jump_shadowed(cuts: TrafficCuts, rules: EngineRules) -> Iterator[Finding]:
    """Between Docker's rules stands a foreign one that ends packets, or Docker's own rules are out of order.

    What it looks at:
        Ordinary packets are walked through the filter table as iptables-save prints it; a finding is a rule below the first
        of Docker's that surely ends them. And for each rule of the engine, whether one stands above it that must be asked
        later (DOCKER-USER is first; a chain's final drop is last).

    Why it matters:
        All of Docker's rules are there, and still a network's ports or outgoing traffic are dead, or an administrator's
        policy in DOCKER-USER is asked too late.

    How it is fixed:
        Docker's rules are moved above the rule that shadows them, in one transaction. Foreign rules stay. Where the foreign
        rule names traffic (an interface, sources, a port), it looks meant: a person must choose.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    family = rules.families[0]
    source = " ".join(family.saved.save)
    for cut in cuts.at(BETWEEN, ENGINE):
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule in {cut.chain} ends packets of network {', '.join(cut.networks)} before Docker's rules"
            f" let them through: {cut.rule}",
            evidence=(Evidence(source, cut.rule), *(Evidence("stands below it", text) for text in cut.lift[:3])),
            severity=wish_severity(cut),
            detail=Lift.of(cut),
        )
    for rule, first in family.misplaced:
        below, above = family.spelling(rule), family.spelling(first)
        yield Finding(
            subject=Subject("rule", f"{rule.table} {below}"),
            message=f"a rule of the engine in {rule.chain} is asked too late, below '{first.spec}': {rule.spec}",
            severity=Severity.WARNING,
            evidence=(Evidence(source, above), Evidence("stands below it", below)),
            detail=Lift(table=rule.table, chain=rule.chain, above=above, rules=(below,)),
        )
