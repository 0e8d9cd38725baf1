"""The state of the swarm node is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.files import SwarmFiles


@check(
    severity=Severity.CRITICAL,
    stops_start=True,
    ok="the state of the swarm node can be read",
    messages=(
        Message(
            pattern="Error starting cluster component|failed to start cluster component",
            example="failed to start cluster component: could not find local IP address: dial udp: no swarm",
            means="the engine can't start its swarm node: the node's state is corrupt, or its address no longer exists",
            do="read the rest of the line; an address that changed needs 'docker swarm leave' and a new join",
            also=("state/swarm-cert-missing",),
        ),
    ),
)
def swarm_state_corrupt(swarm: SwarmFiles) -> Iterator[Finding]:
    """The state of the swarm node is corrupt, so the engine does not start.

    What it looks at:
        ``swarm/docker-state.json``, a JSON object, and ``swarm/state.json``, the list of managers, on a host with a node
        certificate.

    Why it matters:
        dockerd fails with "Error starting cluster component: unexpected end of JSON input".

    How it is fixed:
        From doctor's metadata backup, or manually with the addresses of another manager. Doctor never uses
        ``--force-new-cluster`` on its own.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/cluster/cluster.go
        https://docs.docker.com/engine/swarm/admin_guide/
    """
    if not swarm.has_certificate:
        return
    for name, problem in (("docker-state.json", swarm.state_problem), ("state.json", swarm.peers_problem)):
        if problem:
            yield Finding(
                subject=Subject("file", f"{swarm.directory}/{name}"),
                message=f"{name} of the swarm node is corrupt: the engine can't start",
                evidence=(Evidence(f"{swarm.directory}/{name}", problem),),
            )
