"""Packets do not reach the engine's filter rules."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("port", "egress"),
    causes=("firewall/rules-flushed",),
    ok="forwarded packets reach the engine's filter rules",
)
def docker_jump_missing(rules: EngineRules) -> Iterator[Finding]:
    """A jump to one of the engine's filter chains is missing, so the rules in that chain are never asked.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        The rules look complete, and no packet meets them: published ports time out from outside, or, since engine 28, all
        forwarding of containers ends in the policy of FORWARD.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

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
        return f"published ports of network {rule.network!r} are not let through: the jump to chain {target} is missing"
    return f"no packet meets the engine's rules in chain {target}: the jump to it is missing in {rule.chain}"
