"""Another nft table blocks containers' packets."""

import re
import shlex
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.firewall.cuts import NFT, Cut, TrafficCuts, wish_severity
from doctor.facts.firewall.rule_cuts import RuleCut, RuleCuts, rules_of
from doctor.facts.network.rule_files import RuleFiles, loaded_again
from doctor.model.text import in_words, named

_PLAIN = re.compile(r"[\w-]+").fullmatch
_LOST = {"egress": "outgoing packets", "reply": "answers to containers", "port": "packets to published ports"}


@check(
    severity=Severity.CRITICAL,
    detail=Cut,
    breaks=("egress", "port", "dns"),
    ends=("rule",),
    ok="no other nft table blocks containers' packets",
    messages=(
        Message(
            pattern="filter-FORWARD policy|(?:FORWARD (?:chain )?policy|policy of FORWARD).*DROP",
            example="nftables: IP forwarding, and filter-FORWARD policy",
            means="a base chain of the firewall with the policy drop also drops what the engine's own table accepts",
            do="accept the traffic in that chain ('iptables -P FORWARD ACCEPT' if it is a remainder of the iptables backend), and enable forwarding",
            also=("network/ip-forward-off", "firewall/foreign-reject-first"),
            since="29",
        ),
    ),
)
def foreign_base_chain_drop(
    cuts: TrafficCuts, texts: RuleCuts | Missing, files: RuleFiles | Missing
) -> Iterator[Finding]:
    """Another nft table has a forward chain that blocks containers' packets, which iptables-save does not show.

    What it looks at:
        Each base chain on the forward hook of families ip and inet in the output of ``nft -j list``, except those of iptables
        and of the engine: ordinary packets are followed through each. Rules with sets, marks or rates are skipped, and a chain
        in which one of them might accept is not reported.

    Why it matters:
        All base chains on a hook are evaluated, and a drop in any of them is final: an accept in Docker's rules can't override
        it, at any priority. Docker's own rules look right, but nothing is forwarded.

    How it is fixed:
        Rules that accept traffic of Docker's bridges are inserted directly above the rule that drops, or appended if the
        chain's policy drops: for outgoing packets, answers and published ports, as needed. Rules above remain in force. The new
        rules last until the table is loaded again, so add the same lines to its file. This needs ``--allow disruptive``,
        because the table belongs to somebody else. A rule that names traffic (an interface, sources, a port) or that only
        blocks incoming traffic looks intended: the administrator must choose, also to remove the rule; an undo adds it again.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        https://wiki.nftables.org/wiki-nftables/index.php/Configuring_chains
    """
    for cut in cuts.at(NFT):
        if cut.table == "inet firewalld" or _ends_more(cut, texts):
            continue
        lost = in_words(_LOST[word] for word in cut.traffic)
        items = rules_of(texts, cut)
        family, _, table = cut.table.partition(" ")
        verb = "drops" if cut.target == "DROP" else "rejects"
        yield Finding(
            subject=Subject("nft-chain", f"{cut.table} {cut.chain}"),
            message=f"nft table '{cut.table}' {verb} {lost} ({named('network', cut.networks)}), even if Docker's rules accept them",
            severity=_severity(cut, items),
            evidence=(
                Evidence(f"nft list chain {cut.table} {cut.chain}", f"{cut.rule}, priority {cut.priority}"),
                *(Evidence(item.place.command, item.place.words) for item in items),
                *_loaded(files, (family, table, cut.chain), cut, _text(texts, cut)),
            ),
            detail=cut,
        )


def _loaded(files: RuleFiles | Missing, place: tuple[str, str, str], cut: Cut, text: str) -> Iterator[Evidence]:
    """Yield the file that makes the chain again, and for a policy the command that keeps the accepting rules in it."""
    found = loaded_again(files, *place, text)
    yield from found
    path = found[0].source.partition(":")[0] if found and not cut.handle else ""
    if path and shlex.quote(path) == path and all(map(_PLAIN, place)):
        words = " ".join(place)
        yield Evidence(
            "after the repair this keeps its rules",
            f"nft list chain {words} | sed -n 's/.*\"container-doctor\"$/add rule {words} &/p' >>{path}",
        )


def _severity(cut: Cut, items: tuple[RuleCut, ...]) -> Severity | None:
    """A rule that closes published ports is a wish, unless it also ends other packets, or names an address that another container may get."""
    found = wish_severity(cut)
    is_wide = any(item.names_container or not item.closes_only_ports for item in items)
    return Severity.WARNING if found is Severity.INFO and is_wide else found


def _ends_more(cut: Cut, texts: RuleCuts | Missing) -> bool:
    """Whether a policy seems to close published ports only, but walks, which know sets and marks, end other packets there too.

    Then foreign_rule_drop reports all of them.
    """
    if cut.handle or wish_severity(cut) is not Severity.INFO or isinstance(texts, Missing):
        return False
    chain = (cut.table, cut.chain)
    return any(
        item.place.is_policy
        and (f"{item.place.family} {item.place.table}", item.place.chain) == chain
        and not item.closes_only_ports
        for item in texts.items
    )


def _text(texts: RuleCuts | Missing, cut: Cut) -> str:
    """Return the rule as nft spells it, else as the scan does; "" for the chain's policy."""
    return "" if not cut.handle else next((item.place.text for item in rules_of(texts, cut)), cut.rule)
