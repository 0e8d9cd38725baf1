"""The nat table does not lead to the engine's rules."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ok="the nat table leads to the engine's rules",
)
def nat_jump_missing(rules: EngineRules) -> Iterator[Finding]:
    """The jump from a built-in nat chain to the engine's chain is missing, so no published port is translated there.

    What it looks at:
        The rules that an engine of this version makes for its networks, computed from its network database and settings,
        against what iptables-save prints; spelling does not matter.

    Why it matters:
        Without the jump in PREROUTING, docker-proxy answers from outside in the kernel's place and containers lose the
        clients' addresses; without the one in OUTPUT the same happens to the host's own connections. With userland-proxy
        off, the ports are dead.

    How it is fixed:
        The one rule is added in its place with iptables-restore --noflush. Nothing else moves, no container restarts;
        dockerd itself would add it only when it restarts.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("nat-jump")).items():
            yield Finding(
                subject=subject,
                message=f"no published port is translated in nat {missing[0].chain}: the jump to the engine's chain is missing",
                severity=Severity.ERROR if rules.hairpin else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
