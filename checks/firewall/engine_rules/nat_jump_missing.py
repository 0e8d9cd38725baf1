"""The jump from the nat table to the engine's rules is missing."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, check
from doctor.facts.firewall.missing_rules import MissingRules, by_subject, evidence_of
from doctor.facts.firewall.rules import EngineRules


@check(
    severity=Severity.WARNING,
    detail=MissingRules,
    breaks=("port",),
    causes=("firewall/rules-flushed",),
    ok="the nat table has the jumps to the engine's rules",
)
def nat_jump_missing(rules: EngineRules) -> Iterator[Finding]:
    """The jump from a built-in nat chain to the engine's chain is missing, so it translates no published port.

    What it looks at:
        The rules that an engine of this version creates for its networks, computed from its network database and settings, are
        compared with the output of iptables-save. Differences in spelling do not matter.

    Why it matters:
        Without the jump in PREROUTING, docker-proxy answers clients outside instead of the kernel, and containers don't see the
        clients' addresses. Without the jump in OUTPUT the same happens to the host's own connections. With userland-proxy off,
        the ports do not work.

    How it is fixed:
        The missing rule is added at its place with iptables-restore --noflush. No other rule changes and no container restarts.
        dockerd itself would add it only at its next restart.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    for family in rules.families:
        for subject, missing in by_subject(family, family.of_kind("nat-jump")).items():
            yield Finding(
                subject=subject,
                message=f"the jump to the engine's chain is missing in nat {missing[0].chain}: no published port is translated there",
                severity=Severity.ERROR if rules.hairpin else None,
                evidence=evidence_of(family, missing),
                detail=MissingRules(version=family.version, rules=missing),
            )
