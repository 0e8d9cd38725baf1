"""Networks are not kept apart."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="the engine's networks are kept apart",
)
def isolation_missing(rules: EngineRules) -> Iterator[Finding]:
    """Rules that keep a network apart from others are missing, so its containers are reached from, or reach, where they
    must not.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Separate networks are a boundary that people rely on: a front end must not reach another project's database, and an
        internal network must have no way out. Nothing else shows that the boundary is open.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("isolation", "isolation-jump", "internal")).items():
            yield Finding(
                subject=subject,
                message=_message(missing[0]),
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _message(rule: ExpectedRule) -> str:
    if rule.kind == "internal":
        return (
            f"internal network {rule.network!r} is not closed: the rule that drops what enters or leaves it is missing"
        )
    if rule.network:
        return f"network {rule.network!r} is not kept apart from other networks: its isolation rule is missing"
    return "no network is kept apart from another: the jump to the isolation rules is missing"
