"""Rules of the administrator in DOCKER-USER are missing, or not evaluated."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.network_record import KeptNetworkRecord
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.firewall.missing_rules import evidence_of
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.firewall.user_chain import CHAIN, UserChain, user_chain
from doctor.model.text import plural


@check(
    severity=Severity.WARNING,
    detail=UserChain,
    causes=("firewall/rules-flushed",),
    ok="the administrator's chain DOCKER-USER is evaluated first",
)
def docker_user_missing(
    rules: EngineRules, record: KeptNetworkRecord | Missing, files: FirewallFiles | Missing
) -> Iterator[Finding]:
    """The chain DOCKER-USER for the administrator's own rules is empty, missing, or not evaluated.

    What it looks at:
        Whether the filter table has the chain DOCKER-USER, and FORWARD a jump to it, while the engine runs: a failed start
        creates some chains but not this one, and the next start creates it. Whether the chain has the rules that it had at the
        last healthy scan, or that a rule file for the next boot (of iptables or of nft) has for it. An engine up to 28.1 ends the
        chain with a RETURN, so that a chain without any rule was flushed.

    Why it matters:
        It is the only chain that is evaluated before Docker's own rules. A policy in it (only these addresses may reach
        published ports) silently ends. If dockerd restarts with live-restore after a flush, it creates all its rules except
        this chain.

    How it is fixed:
        The chain, the jump at the top of FORWARD, and the rules are restored from the last healthy scan or a saved rule file:
        rules.v4, /etc/sysconfig/iptables, nftables.conf with its includes and the files in nftables.d. If only the rules are
        missing, or no service loads the file, the administrator must choose. Nft rules that iptables can't express are shown
        with the commands that add them. If the earlier content of the chain is unknown, the administrator must confirm that it
        was empty, or load the rules.

    References:
        https://docs.docker.com/engine/network/firewall-iptables/
    """
    known = record if isinstance(record, KeptNetworkRecord) else None
    saved = files if isinstance(files, FirewallFiles) else None
    for family in rules.families:
        found = user_chain(family, known, saved, is_running=rules.is_running)
        # Without a network of the family, no packet passed the chain: the engine's chains are restored with an empty one.
        if found is not None and not (family.has_no_network and found.known is None):
            yield Finding(
                subject=Subject("firewall", CHAIN if family.version == 4 else f"{CHAIN} (IPv6)"),
                message=_message(family, found),
                evidence=(*_kept(family, found), *evidence_of(family, found.missing)),
                detail=found,
            )


def _message(family: FamilyRules, found: UserChain) -> str:
    if not found.is_emptied:
        return f"rules in chain {CHAIN} have no effect: no rule in FORWARD jumps to the chain"
    state = "has lost its rules" if family.saved.has_chain("filter", CHAIN) else "is missing"
    if found.known is None:
        return f"chain {CHAIN} {state}, and no backup or rule file records the administrator's rules in it"
    count = found.known.count
    if not count:
        return f"chain {CHAIN} {state}: rules added to it would have no effect"
    what = (
        "1 rule of an administrator no longer protects"
        if count == 1
        else f"{count} rules of an administrator no longer protect"
    )
    return f"chain {CHAIN} {state}: {what} published ports"


def _kept(family: FamilyRules, found: UserChain) -> Iterator[Evidence]:
    rules = family.saved.rules("filter", CHAIN)
    if rules:
        yield Evidence(
            " ".join(family.saved.save), f"chain {CHAIN} has {plural(len(rules), 'rule')}, the first: {rules[0].text}"
        )
    if found.is_emptied and found.known is not None:
        when = f" {found.known.age}" if found.known.age else ""
        for text in (found.known.own or found.known.words)[:4]:
            yield Evidence(f"{found.known.place}{when}", text)
