"""Another rule of the engine is missing."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules

_COSTS = {
    "nat-return": "connections of containers to this host's published ports are wrongly translated",
    "port-self": "a container can't reach its own published port through this host's address",
    "hairpin": "this host can't reach published ports through its loopback address",
    "loopback-drop": "neighbours of this host can reach a port that is published on loopback only",
    "direct-drop": "the container can be reached directly, bypassing its published ports",
    "unpublished-drop": "unpublished ports can be reached from outside",
    "unpublished-accept": "ports of a network without protection can't be reached from outside",
    "routed-icmp": "containers of a routed network can't be pinged",
    "link": "a container can't reach a linked container (--link)",
}


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ends=("rule",),
    ok="no other rule of the engine is missing",
)
def rule_missing(rules: EngineRules) -> Iterator[Finding]:
    """A rule of the engine without a check of its own is missing: traffic is handled wrongly, or a protection is missing.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        These rules serve containers that reach their own published port (hairpin), containers that use the host's address, and
        links (--link) of a network that isolates its containers. Since engine 28 they also drop direct access to containers and
        to ports published on loopback.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(
            family,
            family.of_kind(
                "nat-return",
                "port-self",
                "hairpin",
                "loopback-drop",
                "direct-drop",
                "unpublished-drop",
                "unpublished-accept",
                "routed-icmp",
                "link",
            ),
        ).items():
            yield Finding(
                subject=subject,
                message=_message(missing[0]),
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _message(rule: ExpectedRule) -> str:
    of = f"network {rule.network}" if rule.network else "the engine"
    return f"a rule of {of} is missing: {_COSTS[rule.kind]}"
