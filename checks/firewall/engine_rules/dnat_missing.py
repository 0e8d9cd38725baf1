"""A published port has no DNAT rule."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ok="each published port has its rule in the nat table",
)
def dnat_missing(rules: EngineRules) -> Iterator[Finding]:
    """A published port has no DNAT rule, so only docker-proxy forwards it, and the container sees the host as the client.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        A probe from outside finds the port open, since docker-proxy answers. But logs, rate limits and access rules in the
        container see the gateway's address. With userland-proxy off, the port does not work.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("dnat")).items():
            yield Finding(
                subject=subject,
                message=_message(missing[0], hairpin=rules.hairpin),
                severity=Severity.ERROR if rules.hairpin else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _message(rule: ExpectedRule, *, hairpin: bool) -> str:
    port = rule.port.text if rule.port is not None else ""
    if hairpin:
        return f"the DNAT rule of published port {port} of container {rule.container} is missing, and docker-proxy is off: the port does not answer"
    return f"the DNAT rule of published port {port} of container {rule.container} is missing: the container sees this host as its only client"
