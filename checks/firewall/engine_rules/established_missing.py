"""Answers to a network's connections are dropped."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("egress", "dns"),
    causes=("firewall/rules-flushed",),
    ends=("rule",),
    ok="answers to connections of the engine's networks are accepted",
)
def established_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that accepts answers to a network's connections is missing, so its outgoing connections time out.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        Connections from a container time out: the packet leaves, but its answer is dropped in FORWARD. Published ports still
        work, which hides the fault.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("established")).items():
            yield Finding(
                subject=subject,
                message=f"the rule for established connections of network {missing[0].network} is missing: its containers get no answers from outside",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
