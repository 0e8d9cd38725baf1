"""The swarm node's own state is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.files import SwarmFiles


@check(severity=Severity.CRITICAL, stops_start=True, ok="the swarm node's own state can be read")
def swarm_state_corrupt(swarm: SwarmFiles) -> Iterator[Finding]:
    """The swarm node's own state is damaged, so the engine does not start.

    What it looks at:
        ``swarm/docker-state.json``, a JSON object, and ``swarm/state.json``, the list of managers, on a host that has a node
        certificate.

    Why it matters:
        dockerd ends with "Error starting cluster component: unexpected end of JSON input".

    How it is fixed:
        From doctor's metadata backup, or by hand with the addresses of another manager. Never with ``--force-new-cluster`` unasked.

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
                message=f"the engine can't start: the swarm's {name} is damaged",
                evidence=(Evidence(f"{swarm.directory}/{name}", problem),),
            )
