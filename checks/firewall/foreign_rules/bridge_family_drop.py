"""An nft table of family bridge drops frames between containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.packet_filter import Firewall


@check(severity=Severity.ERROR, ends=("rule",), ok="no nft table of family bridge drops all forwarded frames")
def bridge_family_drop(firewall: Firewall) -> Iterator[Finding]:
    """An nft table of family bridge drops forwarded frames, so containers of one network can't reach each other.

    What it looks at:
        Base chains on the forward hook in tables of family bridge, as ``nft -j list`` shows them, with the policy drop and
        without any rule that accepts.

    Why it matters:
        Frames between two containers never leave the bridge, and such a chain drops them. Traffic to the outside still works,
        so it looks like a fault of one service.

    How it is fixed:
        Manually: the table does not belong to Docker. Accept the frames of Docker's bridges in it, or remove it.

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
                    message=f"nft table '{table.text}' drops every forwarded frame: containers of one network can't reach each other",
                    evidence=(Evidence(f"nft list chain {table.text} {chain.name}", "policy drop"),),
                )
