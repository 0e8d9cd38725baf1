"""Containers of a network can't reach each other."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ok="containers of one network are let through to each other",
)
def icc_accept_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that lets containers of one network talk to each other is missing.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Where bridged packets pass iptables (net.bridge.bridge-nf-call-iptables is 1) they are dropped: a web server no longer
        finds its database, though names resolve.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("icc-accept")).items():
            yield Finding(
                subject=subject,
                message=f"containers of network {missing[0].network!r} can't reach each other: the rule that lets them is missing",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
