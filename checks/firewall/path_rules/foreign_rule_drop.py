"""Packets of containers end at a rule of the host that is not the engine's."""

from collections.abc import Iterator

from doctor.api import Finding, Missing, Severity, Subject, check
from doctor.facts.firewall.ends.rule_words import evidence_of, message_of
from doctor.facts.firewall.rule_cuts import HOST_HOOKS, SPECIAL_KINDS, RuleCut, RuleCuts
from doctor.facts.network.rule_files import RuleFiles
from doctor.facts.path.paths import OpenCuts

_FAMILIES = frozenset({"ip", "ip6", "inet", "netdev"})


@check(
    severity=Severity.ERROR,
    detail=RuleCut,
    breaks=("egress", "port", "dns"),
    ok="no rule of others ends packets of containers",
)
def foreign_rule_drop(cuts: RuleCuts, left: OpenCuts, files: RuleFiles | Missing) -> Iterator[Finding]:
    """A rule of somebody else, in any table, backend or family, drops packets that the engine's rules accept.

    What it looks at:
        Each way of traffic of the running containers is walked through all tables: raw, mangle, nat and filter of both backends
        of iptables, and every table of nft with its sets, maps and marks, at each hook from a device's ingress to its egress. A
        finding is a rule, or a policy, that certainly drops or rejects packets. Rules that another check names are left to it.

    Why it matters:
        An accept ends only its own chain, a drop is final. So one rule in any table is sufficient, and iptables-save does not even
        show those of nft.

    How it is fixed:
        A rule of somebody else is never removed unasked. ``doctor fix`` asks: ``pass`` inserts accepts for containers' packets
        directly above it, where that is possible and opens only what the engine itself opens; ``delete`` removes the rule, and an
        undo adds it again at its place. Both last until the rule's owner loads it again, so change it there too. A rule that
        names traffic may be intended and is a warning, unless no container reaches anything outside; one that only closes published ports is noted, unless it names a container's
        address: after a restart another container may have it.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        https://wiki.nftables.org/wiki-nftables/index.php/Configuring_chains
    """
    for item in cuts.among(left):
        if item.place.family in _FAMILIES and item.hook not in HOST_HOOKS and not item.is_engines:
            yield Finding(
                subject=Subject("rule", item.place.subject),
                message=message_of(item),
                severity=_severity(item),
                evidence=evidence_of(item, files),
                detail=item,
            )


def _severity(item: RuleCut) -> Severity | None:
    if item.drops_questions:
        return None
    is_wish = item.closes_only_ports and item.place.family != "netdev" and not item.names_container
    if item.is_only_icmp or is_wish or item.is_narrow_wish:
        return Severity.INFO
    if item.cut.kinds <= SPECIAL_KINDS:
        return Severity.WARNING
    return None if item.place.is_policy or item.is_plain or item.is_for_all else Severity.WARNING
