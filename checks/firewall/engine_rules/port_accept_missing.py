"""A published port is not let through."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ok="each published port is let through to its container",
)
def port_accept_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that lets a published port through to its container is missing, so nobody outside this host reaches it.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        The packet is translated and then dropped on its way through FORWARD: clients time out, while the port still answers
        on the host itself through docker-proxy.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("port-accept")).items():
            yield Finding(
                subject=subject,
                message=f"{subject.name} is not reached from outside: the rule that lets it through is missing",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
