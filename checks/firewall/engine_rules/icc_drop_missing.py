"""Isolated containers of a network can reach each other."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    security=True,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="networks without inter-container communication isolate their containers",
)
def icc_drop_missing(rules: EngineRules) -> Iterator[Finding]:
    """A network isolates its containers (icc off), but the rule that drops packets between them is missing.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        Containers that were isolated on purpose reach all ports of each other, and nothing shows it.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("icc-drop")).items():
            yield Finding(
                subject=subject,
                message=f"the rule that isolates containers of network {missing[0].network} is missing: they reach each other although its icc is off",
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
