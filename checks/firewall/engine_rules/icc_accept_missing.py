"""Containers of a network can't reach each other."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    causes=("firewall/rules-flushed",),
    ends=("rule",),
    ok="packets between containers of one network are accepted",
)
def icc_accept_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that accepts packets between containers of one network is missing, so they may be unable to reach each other.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        If bridged packets pass iptables (net.bridge.bridge-nf-call-iptables is 1), they are dropped: a web server can't connect
        to its database, although names resolve.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("icc-accept")).items():
            yield Finding(
                subject=subject,
                message=f"the rule that accepts packets between containers of network {missing[0].network} is missing: they can't reach each other",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
