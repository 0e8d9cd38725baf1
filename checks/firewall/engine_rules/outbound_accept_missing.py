"""A network's outgoing packets are dropped."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("egress", "port", "dns"),
    causes=("firewall/rules-flushed",),
    ok="what leaves the engine's networks is let through",
)
def outbound_accept_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that lets a network's packets out is missing, so its containers reach nothing and their ports give no answers.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Everything that leaves the bridge for another interface is dropped in FORWARD, the answers of published ports too.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("outbound")).items():
            yield Finding(
                subject=subject,
                message=f"containers of network {missing[0].network!r} reach nothing outside it: the rule that lets them out is missing",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
