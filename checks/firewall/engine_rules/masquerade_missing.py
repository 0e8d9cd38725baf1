"""Outgoing traffic of a network is not masqueraded."""

from collections.abc import Iterator

from doctor.api import Finding, Missing, Severity, check
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.network.links import Links


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("egress", "dns"),
    causes=("firewall/rules-flushed",),
    ok="outgoing packets of the engine's networks are masqueraded",
)
def masquerade_missing(rules: EngineRules, links: Links | Missing) -> Iterator[Finding]:
    """The rule that masquerades a network's outgoing packets is missing, so its containers get no answers from outside.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter. Also, whether a foreign rule
        translates these packets instead.

    Why it matters:
        No host outside has a route to a container's private address. Other networks still work, so it looks like a fault of one
        application.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    uplink = uplinks[0].name if uplinks else ""
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("masquerade")).items():
            rule = missing[0]
            if _is_covered(family, rule, uplink):
                cost, severity = "only a foreign rule translates its outgoing packets", Severity.WARNING
            else:
                cost, severity = "its containers get no answers from outside", Severity.ERROR
            yield Finding(
                subject=subject,
                message=f"the masquerade rule of network {rule.network} ({_subnet(rule)}) is missing: {cost}",
                severity=severity,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _subnet(rule: ExpectedRule) -> str:
    return rule.spec.split(" ")[1]


def _is_covered(family: FamilyRules, rule: ExpectedRule, uplink: str) -> bool:
    from doctor.facts.firewall.walk import Walker  # noqa: PLC0415 - only for a host that lacks the rule
    from doctor.facts.path.rules.numbers import address_number  # noqa: PLC0415
    from doctor.facts.path.rules.packet import Packet  # noqa: PLC0415

    network = address_number(_subnet(rule).partition("/")[0])
    if family.version != 4 or network is None:
        return False
    packet = Packet(outside=uplink, source=network + 2)
    return Walker(family.saved).verdict("nat", "POSTROUTING", packet).target in {"masquerade", "snat"}
