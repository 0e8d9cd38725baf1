"""A rule on the bridge drops frames of containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.ends.rule_words import evidence_of, message_of
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.rule_cuts import RuleCut, RuleCuts
from doctor.facts.network.rule_files import RuleFiles
from doctor.facts.path.paths import OpenCuts

_FAMILIES = frozenset({"bridge", "arp"})


@check(
    severity=Severity.ERROR,
    detail=RuleCut | None,
    breaks=("egress", "port", "dns"),
    ok="no rule on the bridges drops containers' frames",
)
def bridge_family_drop(
    firewall: Firewall, cuts: RuleCuts | Missing, left: OpenCuts | Missing, files: RuleFiles | Missing
) -> Iterator[Finding]:
    """A rule of ebtables, arptables or an nft table of family bridge or arp drops frames of containers.

    What it looks at:
        Each way of traffic of the running containers is followed over the bridge: its frames and the questions for addresses (ARP)
        that come before them, through all tables of family bridge and arp, which is also where ebtables and arptables write. Without a
        running container: base chains on the forward hook with the policy drop and without any rule that accepts.

    Why it matters:
        Frames between two containers never leave the bridge, so no rule of iptables shows it: it looks like a fault of one service.
        If questions for addresses are dropped, a container loses its gateway as soon as the answer that it knows is too old.

    How it is fixed:
        Doctor asks: ``pass`` accepts the frames of Docker's bridges in front of the rule, which opens nothing that Docker's own rules
        close; ``delete`` removes the rule, and an undo adds it again at its place. Both last until its owner loads it again.

    References:
        https://wiki.nftables.org/wiki-nftables/index.php/Bridge_filtering
        https://ebtables.netfilter.org/
    """
    named = set()
    for item in () if isinstance(cuts, Missing) or isinstance(left, Missing) else cuts.among(left):
        if item.place.family in _FAMILIES:
            named.add((item.place.family, item.place.table, item.place.base))
            yield Finding(
                subject=Subject("nft-chain" if item.place.is_policy else "rule", item.place.subject),
                message=message_of(item),
                severity=Severity.INFO if item.is_only_icmp else None,
                evidence=evidence_of(item, files),
                detail=item,
            )
    for table, ruleset in firewall.foreign.items():
        if table.family != "bridge":
            continue
        for chain in ruleset.chains:
            accepts = any(rule.verdict in {"accept", "jump", "goto", "queue"} for rule in ruleset.of(chain))
            is_named = (table.family, table.name, chain.name) in named
            if chain.hook == "forward" and chain.policy == "drop" and not accepts and not is_named:
                yield Finding(
                    subject=Subject("nft-chain", f"{table.text} {chain.name}"),
                    message=f"nft table '{table.text}' drops every forwarded frame: containers of one network can't reach each other",
                    evidence=(Evidence(f"nft list chain {table.text} {chain.name}", "policy drop"),),
                )
