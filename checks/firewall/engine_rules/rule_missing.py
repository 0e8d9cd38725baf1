"""Another rule of the engine is missing."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules

_COSTS = {
    "nat-return": "containers that use this host's published ports are translated where they should not be",
    "port-self": "a container does not reach its own published port by this host's address",
    "hairpin": "this host does not reach published ports by its loopback address",
    "loopback-drop": "a port published on loopback only can be reached by neighbours of this host",
    "direct-drop": "the container can be reached directly, past its published ports",
    "unpublished-drop": "ports that are not published can be reached from outside",
    "unpublished-accept": "ports of a network without protection are not reached from outside",
    "routed-icmp": "containers of a routed network can't be pinged",
    "link": "a container does not reach one that it is linked to (--link)",
}


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="no other rule of the engine is missing",
)
def rule_missing(rules: EngineRules) -> Iterator[Finding]:
    """A rule of the engine is missing that no other check tells of: traffic takes another way, or a guard is down.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        These are the rules for a container that reaches its own published port (hairpin), for containers that use the host's
        address, for links (--link) of a network that keeps its containers apart, and, since engine 28, the guards that drop direct access to containers and to ports published on loopback.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

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
    of = f"network {rule.network!r}" if rule.network else "the engine"
    return f"{_COSTS[rule.kind]}: a rule of {of} is missing"
