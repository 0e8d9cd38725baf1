"""Containers that should be apart reach each other."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="networks without inter-container communication keep their containers apart",
)
def icc_drop_missing(rules: EngineRules) -> Iterator[Finding]:
    """A network is set to keep its containers apart (icc off), and the rule that does it is missing.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Containers that someone separated on purpose reach each other's every port, and nothing shows it.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("icc-drop")).items():
            yield Finding(
                subject=subject,
                message=f"containers of network {missing[0].network!r} reach each other though its icc is off: the rule that drops it is missing",
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
