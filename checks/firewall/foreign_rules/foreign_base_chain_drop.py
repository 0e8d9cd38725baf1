"""A table of nft drops what containers send."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.cuts import NFT, Cut, TrafficCuts, wish_severity

_LOST = {"egress": "what containers send out", "reply": "the answers they get", "port": "what comes to published ports"}


@check(
    severity=Severity.CRITICAL,
    detail=Cut,
    breaks=("egress", "port", "dns"),
    ok="no other nft table ends containers' packets",
)
def foreign_base_chain_drop(cuts: TrafficCuts) -> Iterator[Finding]:
    """Another nft table has a forward chain that drops containers' packets, which iptables-save does not show.

    What it looks at:
        Every base chain on the forward hook of families ip and inet that ``nft -j list`` shows, but those of iptables and of
        the engine: ordinary packets are walked through each. Rules with sets, marks or rates are passed over; a chain where
        one of those might accept is no finding.

    Why it matters:
        All base chains on a hook are asked, and a drop in any of them is final: an accept in Docker's rules can't overrule
        it, at no priority. Docker's own rules look perfect and nothing is forwarded.

    How it is fixed:
        Accepts for Docker's bridges are put right above the rule that drops, or at the end of the chain where its policy does:
        for outgoing packets, answers and published ports, whichever are lost. Rules above stay in force. They last until the
        table is loaded again, so write the same lines into the file it comes from. It is not done without ``--allow
        disruptive``: the table is someone else's. A rule that names traffic (an interface, sources, a port) or that ends only
        what comes in looks meant: a person must choose.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
        https://wiki.nftables.org/wiki-nftables/index.php/Configuring_chains
    """
    for cut in cuts.at(NFT):
        if cut.table == "inet firewalld":
            continue
        lost = " and ".join(_LOST[word] for word in cut.traffic)
        verb = "drops" if cut.target == "DROP" else "rejects"
        yield Finding(
            subject=Subject("nft-chain", f"{cut.table} {cut.chain}"),
            message=f"nft table {cut.table!r} {verb} {lost} (network {', '.join(cut.networks)}), whatever Docker's rules accept",
            severity=wish_severity(cut),
            evidence=(Evidence(f"nft list chain {cut.table} {cut.chain}", f"{cut.rule}, priority {cut.priority}"),),
            detail=cut,
        )
