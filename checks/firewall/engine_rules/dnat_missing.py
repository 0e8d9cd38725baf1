"""A published port is not translated by the kernel."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ok="each published port has its rule in the nat table",
)
def dnat_missing(rules: EngineRules) -> Iterator[Finding]:
    """A published port has no DNAT rule, so docker-proxy alone carries it, slower, and the container takes every client for
    the host itself.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        A probe from outside finds the port open, since docker-proxy answers it; but logs, rate limits and access rules in the
        container see the gateway's address. With userland-proxy off, the port is dead.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

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
        return f"published port {port} of {rule.container!r} answers nobody: its DNAT rule is missing and there is no docker-proxy"
    return f"{rule.container!r} takes every client of its published port {port} for this host: its DNAT rule is missing"
