"""Answers to a network's connections are dropped."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("egress", "dns"),
    causes=("firewall/rules-flushed",),
    ok="answers come back to the engine's networks",
)
def established_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that lets answers back into a network is missing, so its containers can send and hear nothing.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Connections from a container time out: the packet leaves, its answer is dropped in FORWARD. Published ports keep
        working, which hides it.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("established")).items():
            yield Finding(
                subject=subject,
                message=f"containers of network {missing[0].network!r} hear no answers from outside: the rule for established connections is missing",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
