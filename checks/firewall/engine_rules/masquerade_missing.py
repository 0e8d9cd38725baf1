"""Outgoing traffic of a network is not masqueraded."""

from collections.abc import Iterator

from doctor.api import Finding, Missing, Severity, check
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.packet import Packet, Walker, address_number
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.network.links import Links


@check(
    severity=Severity.ERROR,
    detail=MissingRules,
    breaks=("egress", "dns"),
    causes=("firewall/rules-flushed",),
    ok="what leaves the engine's networks gets the host's address",
)
def masquerade_missing(rules: EngineRules, links: Links | Missing) -> Iterator[Finding]:
    """The rule that gives outgoing packets of a network the host's address is missing, so its containers get no answers
    from outside.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; and whether a rule of someone else translates these packets instead.

    Why it matters:
        Nobody outside knows a way back to a container's private address. Other networks keep working, which makes it look
        like a fault of one application.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    uplink = uplinks[0].name if uplinks else ""
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("masquerade")).items():
            rule = missing[0]
            if _is_covered(family, rule, uplink):
                cost, severity = "only a rule that is not the engine's translates what leaves it", Severity.WARNING
            else:
                cost, severity = f"nothing masquerades {_subnet(rule)}", Severity.ERROR
            yield Finding(
                subject=subject,
                message=f"containers of network {rule.network!r} get no answer from outside: {cost}"
                if severity is Severity.ERROR
                else f"network {rule.network!r} lost its masquerading: {cost}",
                severity=severity,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _subnet(rule: ExpectedRule) -> str:
    return rule.spec.split(" ")[1]


def _is_covered(family: FamilyRules, rule: ExpectedRule, uplink: str) -> bool:
    network = address_number(_subnet(rule).partition("/")[0])
    if family.version != 4 or network is None:
        return False
    packet = Packet(outside=uplink, source=network + 2)
    return Walker(family.saved).verdict("nat", "POSTROUTING", packet).target in {"MASQUERADE", "SNAT"}
