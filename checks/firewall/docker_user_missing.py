"""Rules of the administrator in DOCKER-USER are not asked."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall_missing import MissingRules, evidence_of
from doctor.facts.firewall_rules import EngineRules, FamilyRules


@check(
    severity=Severity.WARNING,
    causes=("firewall/rules-flushed",),
    ok="the administrator's chain DOCKER-USER is asked first",
)
def docker_user_missing(rules: EngineRules) -> Iterator[Finding]:
    """The chain for the administrator's own rules, DOCKER-USER, is gone or nothing leads to it, so those rules are void.

    What it looks at:
        Whether the filter table has the chain DOCKER-USER, and FORWARD a jump to it, while the engine runs: a start that failed
        half-way leaves some chains and not this one, and the next makes it.

    Why it matters:
        It is the one place where a rule stands before Docker's own. A policy written there (only these addresses may reach
        published ports) silently ends. dockerd restarted with live-restore after a flush makes all its rules but this chain.

    How it is fixed:
        The chain and the jump at the top of FORWARD are made. What the chain held is known to nobody but whoever wrote it:
        load those rules again afterwards.

    References:
        https://docs.docker.com/engine/network/firewall-iptables/
    """
    if not rules.is_running:
        return
    for family in rules.families:
        missing = family.of_kind("user-jump", "user-return")
        if missing:
            yield Finding(
                subject=Subject("firewall", "DOCKER-USER" if family.version == 4 else "DOCKER-USER (IPv6)"),
                message=_message(family),
                evidence=(*_kept(family), *evidence_of(family, missing)),
                detail=MissingRules(version=family.version, rules=missing),
            )


def _message(family: FamilyRules) -> str:
    if ("filter", "DOCKER-USER") in family.missing_chains:
        return "chain DOCKER-USER is gone, and with it whatever rules an administrator put before Docker's own"
    return "rules in chain DOCKER-USER are not asked: nothing in FORWARD leads to them"


def _kept(family: FamilyRules) -> Iterator[Evidence]:
    rules = family.saved.rules("filter", "DOCKER-USER")
    if rules:
        yield Evidence(
            " ".join(family.saved.save), f"chain DOCKER-USER has {len(rules)} rules, the first: {rules[0].text}"
        )
