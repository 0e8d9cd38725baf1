"""Packets do not reach the engine's filter rules."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("port", "egress"),
    causes=("firewall/rules-flushed",),
    ends=("rule",),
    ok="forwarded packets reach the engine's filter rules",
)
def docker_jump_missing(rules: EngineRules) -> Iterator[Finding]:
    """A jump to one of the engine's filter chains is missing, so the rules in that chain are never evaluated.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        The rules look complete, but no packet reaches them. Published ports time out from outside, or, since engine 28, all
        traffic of containers is left to the policy of FORWARD.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("docker-jump", "forward-jump", "chain-jump")).items():
            yield Finding(
                subject=subject,
                message=_message(missing[0]),
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _message(rule: ExpectedRule) -> str:
    target = rule.spec.rpartition(" ")[2]
    if rule.network:
        return f"the jump to chain {target} is missing: published ports of network {rule.network} are not accepted"
    return f"the jump to chain {target} is missing in {rule.chain}: no packet reaches the engine's rules in it"
