"""A rule among Docker's own rules blocks packets too early."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import BETWEEN, ENGINE, Lift, TrafficCuts, wish_severity
from doctor.facts.firewall.rules import EngineRules
from doctor.model.text import named


@check(
    severity=Severity.ERROR,
    detail=Lift,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="the engine's rules are in the right order",
)
def docker_jump_shadowed(cuts: TrafficCuts, rules: EngineRules) -> Iterator[Finding]:
    """A foreign rule between Docker's rules blocks packets, or Docker's own rules are in the wrong order.

    What it looks at:
        Ordinary packets are followed through the filter table in the output of iptables-save. A finding is a rule below the
        first of Docker's rules that certainly drops or rejects them. Also, for each rule of the engine, whether a rule above it
        must be evaluated later (DOCKER-USER is first; a chain's final drop is last).

    Why it matters:
        All of Docker's rules exist, but a network's ports or outgoing traffic do not work, or an administrator's policy in
        DOCKER-USER is evaluated too late.

    How it is fixed:
        Docker's rules are moved above the rule that shadows them, in one transaction. Foreign rules are kept. If the foreign
        rule names traffic (an interface, sources, a port), it looks intended: the administrator must choose.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    family = rules.families[0]
    source = " ".join(family.saved.save)
    for cut in cuts.at(BETWEEN, ENGINE):
        yield Finding(
            subject=Subject("rule", f"{cut.table} {cut.rule}"),
            message=f"a foreign rule in {cut.chain} blocks packets of {named('network', cut.networks)} before Docker's rules"
            f" accept them: {cut.rule}",
            evidence=(Evidence(source, cut.rule), *(Evidence("below it", text) for text in cut.lift[:3])),
            severity=wish_severity(cut),
            detail=Lift.of(cut),
        )
    for rule, first in family.misplaced:
        below, above = family.spelling(rule), family.spelling(first)
        yield Finding(
            subject=Subject("rule", f"{rule.table} {below}"),
            message=f"a rule of the engine in {rule.chain} is evaluated too late, below '{first.spec}': {rule.spec}",
            severity=Severity.WARNING,
            evidence=(Evidence(source, above), Evidence("below it", below)),
            detail=Lift(table=rule.table, chain=rule.chain, above=above, rules=(below,)),
        )
