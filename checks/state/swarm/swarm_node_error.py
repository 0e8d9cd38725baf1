"""The engine runs, but its swarm node does not work."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.swarm_state import SwarmNode

_LONGEST = 400
_STATES = {
    "locked": "is locked: it needs its unlock key after each start",
    "pending": "has no working manager",
    "error": "is not in its swarm",
}


@check(
    severity=Severity.ERROR,
    detail=SwarmNode,
    causes=("state/swarm-cert-corrupt", "state/swarm-cert-expired", "state/swarm-raft-corrupt"),
    ok="the engine's swarm node works",
    messages=(
        Message(
            pattern=r"The swarm does not have a leader.*|rpc error: code = \S+ desc = .*raft.*",
            example="Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.",
            names=(
                "swarm quorum",
                "no leader",
            ),
            means="no majority of the swarm's managers is reachable",
            do="start the other managers; if they are lost, 'docker swarm init --force-new-cluster' on one that is left",
            also=("state/swarm-raft-corrupt",),
        ),
        Message(
            pattern=r"could not find local IP address: dial udp: lookup .*",
            example="Error starting cluster component: could not find local IP address: dial udp: lookup swarm-01 on 127.0.0.1:53: no such host",
            means="the record of this swarm node names a manager whose name does not resolve, so the engine does not start",
            do="correct RemoteAddr in swarm/docker-state.json of the data root to another manager, or add the name to /etc/hosts; then start the engine",
            also=("dns/resolver-dead", "dns/resolv-dangling"),
        ),
        Message(
            pattern=r"Swarm is encrypted and needs to be unlocked.*|swarm is encrypted and locked.*",
            example='Error response from daemon: Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.',
            means="the swarm has autolock, so each manager needs the unlock key after each start of its engine",
            do="run 'docker swarm unlock'; another manager shows the key with 'docker swarm unlock-key'",
        ),
    ),
)
def swarm_node_error(node: SwarmNode) -> Iterator[Finding]:
    """The engine runs, but its swarm node reports an error, so services are not started or can't be changed.

    What it looks at:
        ``Swarm`` in the engine's /info: a state other than active, and its error; and on a manager that knows others, which of
        them it can't reach.

    Why it matters:
        Docker commands for single containers work, and nothing looks broken; but services don't run here, or, without a majority
        of the managers, nothing in the swarm can be changed and no lost task is started again.

    How it is fixed:
        Manually, by the engine's own reason. ``--force-new-cluster`` gives up the other managers; doctor never uses it.

    References:
        https://docs.docker.com/engine/swarm/admin_guide/#recover-from-losing-the-quorum
    """
    known = f": {node.explained.best.message.means}" if node.explained is not None else ""
    if node.has_no_quorum:
        lost = ", ".join(node.unreachable)
        yield _finding(
            node, f"this manager can't reach {lost} of {node.managers} managers: nothing in the swarm can be changed"
        )
    elif node.error or node.state in _STATES:
        follows = _STATES.get(node.state, "reports an error")
        yield _finding(node, f"this host's swarm node {follows}{known}")


def _finding(node: SwarmNode, message: str) -> Finding:
    away = (Evidence("GET /nodes", f"unreachable: {', '.join(node.unreachable)}"),) if node.unreachable else ()
    return Finding(
        subject=Subject("swarm", "node"),
        message=message,
        evidence=(Evidence("GET /info", f"Swarm: {node.state}. {node.error[:_LONGEST]}".rstrip(". ")), *away),
        detail=node,
    )
