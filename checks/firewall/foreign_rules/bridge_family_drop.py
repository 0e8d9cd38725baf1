"""A table of nft drops frames between containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.packet_filter import Firewall


@check(severity=Severity.ERROR, ok="no nft table of family bridge drops what it does not know")
def bridge_family_drop(firewall: Firewall) -> Iterator[Finding]:
    """An nft table of family bridge drops forwarded frames by its policy, so containers of one network can't reach each other.

    What it looks at:
        Base chains on the forward hook in tables of family bridge, as ``nft -j list`` shows them: a policy of drop and no
        rule that accepts.

    Why it matters:
        Frames between two containers never leave the bridge; such a chain ends them there. Traffic with the outside goes
        on, so it looks like a fault of one service.

    How it is fixed:
        By a person: the table is no part of Docker. Accept the frames of Docker's bridges in it, or take it out.

    References:
        https://wiki.nftables.org/wiki-nftables/index.php/Bridge_filtering
    """
    for table, ruleset in firewall.foreign.items():
        if table.family != "bridge":
            continue
        for chain in ruleset.chains:
            accepts = any(rule.verdict in {"accept", "jump", "goto", "queue"} for rule in ruleset.of(chain))
            if chain.hook == "forward" and chain.policy == "drop" and not accepts:
                yield Finding(
                    subject=Subject("nft-chain", f"{table.text} {chain.name}"),
                    message="containers of one network can't reach each other: nft table"
                    f" {table.text!r} drops every forwarded frame",
                    evidence=(Evidence(f"nft list chain {table.text} {chain.name}", "policy drop"),),
                )
