"""Networks are not isolated from each other."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    security=True,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="the engine's networks are isolated",
)
def isolation_missing(rules: EngineRules) -> Iterator[Finding]:
    """Rules that isolate a network are missing, so its containers can reach or be reached from other networks.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        People rely on separate networks as a boundary: a front end must not reach another project's database, and an internal
        network must have no way out. Nothing else shows that the boundary is open.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

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
        return f"the rule that drops traffic into and out of internal network {rule.network} is missing: the network is not closed"
    if rule.network:
        return f"the isolation rule of network {rule.network} is missing: it is not isolated from other networks"
    return "the jump to the isolation rules is missing: no network is isolated from another"
