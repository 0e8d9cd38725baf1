"""The firewall drops packets of other swarm nodes."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.firewall.swarm_cuts import SwarmCut, SwarmCuts
from doctor.model.text import in_words


@check(
    severity=Severity.ERROR,
    detail=SwarmCut,
    ok="no rule certainly drops packets of the other swarm nodes",
    messages=(
        Message(
            names=("overlay network", "swarm ports"),
            pattern=r"attaching to network failed, make sure your network options are correct and check manager logs.*|Could not attach to network \S+: context deadline exceeded|memberlist: (?:Suspect \S+ has failed, no acks received|Failed fallback TCP ping|Was able to connect to \S+ (?:over TCP )?but other probes failed, network may be misconfigured).*",
            example="Error response from daemon: attaching to network failed, make sure your network options are correct and check manager logs: context deadline exceeded",
            means="this swarm node could not create the overlay network, or did not reach the manager in time",
            do="open TCP 2377, TCP and UDP 7946 and UDP 4789 between the nodes; see in the engine's log whether 4789 is in use on this host ('address already in use')",
            also=("network/vxlan-port-in-use", "state/swarm-node-error", "kernel/feature-missing"),
            apart="'journalctl -u docker -g vxlan' on this node",
        ),
    ),
)
def swarm_port_dropped(cuts: SwarmCuts) -> Iterator[Finding]:
    """The firewall drops packets of other swarm nodes, so containers on different nodes don't reach each other.

    What it looks at:
        A packet of each other node (IPv4, the first 16) through the chains for incoming packets of iptables and of other nft tables: UDP 4789,
        or the swarm's own data path port, for the packets of containers; TCP and UDP 7946 for the nodes' talk about networks;
        ESP if an overlay network is encrypted; and TCP 2377 on a manager. Rules with sets, marks or rates are skipped, and a
        chain in which one of them might accept is not reported. Without an overlay network only TCP 2377 counts.

    Why it matters:
        The node is "Ready", the containers run, and their names resolve, but connections between nodes time out. Without 7946
        a node does not learn of the other nodes' containers; without 2377 it is "Down", and new tasks don't start there.

    How it is fixed:
        Manually: doctor opens no port. The advice has the commands for exactly these nodes and ports; keep them where your
        firewall keeps its rules. A firewall between the hosts has to pass the same ports.

    References:
        https://docs.docker.com/engine/swarm/swarm-tutorial/#open-protocols-and-ports-between-the-hosts
    """
    for cut in cuts.items:
        where = f"nft table '{cut.table}'" if cut.is_nft else f"a rule in {cut.table} {cut.chain}"
        is_policy = cut.rule.startswith("policy ")
        if is_policy:
            where = f"the policy of {cut.table} {cut.chain}"
        is_control = all(port.endswith("/tcp") and not port.startswith("7946/") for port in cut.ports)
        follows = (
            "it counts as down" if is_control else "containers of this node and of that one don't reach each other"
        )
        if len(cut.peers) > 1:
            follows = (
                "they count as down" if is_control else "containers of this node and of those don't reach each other"
            )
        yield Finding(
            subject=Subject(
                "nft-chain" if cut.is_nft else "rule",
                f"{cut.table} {cut.chain if is_policy or cut.is_nft else cut.rule}",
            ),
            message=f"{where} drops {in_words(cut.ports)} of {_nodes(cut)}: {follows}",
            evidence=(
                Evidence(
                    f"nft list chain {cut.table} {cut.chain}"
                    if cut.is_nft
                    else f"iptables -t {cut.table} -S {cut.chain}",
                    cut.rule,
                ),
                Evidence("other nodes", ", ".join(cut.peers)),
            ),
            detail=cut,
        )


def _nodes(cut: SwarmCut) -> str:
    return f"swarm node {cut.peers[0]}" if len(cut.peers) == 1 else f"{len(cut.peers)} swarm nodes"
