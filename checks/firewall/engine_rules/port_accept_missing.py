"""A published port is not accepted."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ends=("rule",),
    ok="packets to each published port are accepted",
)
def port_accept_missing(rules: EngineRules) -> Iterator[Finding]:
    """The rule that accepts packets to a published port is missing, so the port can't be reached from outside this host.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        The packet is translated and then dropped in FORWARD: clients time out, while docker-proxy still answers on the host
        itself.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("port-accept")).items():
            yield Finding(
                subject=subject,
                message=f"the rule that accepts packets to {subject.name} is missing: it can't be reached from outside",
                severity=Severity.WARNING if family.passes_by_default else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
