"""A swarm node's certificate or key is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.swarm_state import SwarmLog


@check(severity=Severity.ERROR, detail=OfFile, ok="the swarm node's certificate and key can be read")
def swarm_cert_corrupt(swarm: SwarmLog) -> Iterator[Finding]:
    """A swarm node's certificate or key is damaged, so the engine starts and the node is no longer in its swarm.

    What it looks at:
        ``swarm-node.crt`` and ``swarm-node.key`` in ``swarm/certificates``: PEM with base64 of a DER structure inside.

    Why it matters:
        dockerd says "failed to find any PEM data" and goes on without the swarm: services don't run here, and a manager is
        missing. Unlike a certificate that is gone, a damaged one makes dockerd erase nothing.

    How it is fixed:
        Both come from doctor's metadata backup, a copy of ``swarm/`` kept. Without one, the node leaves and joins again.

    References:
        https://docs.docker.com/engine/swarm/how-swarm-mode-works/pki/
        https://github.com/moby/swarmkit/blob/master/ca/keyreadwriter.go
    """
    for file in swarm.damaged:
        if file.kind == "pair":
            yield Finding(
                subject=Subject("file", file.path),
                message=f"the node is not in its swarm: {file.path.rpartition('/')[2]} is damaged or gone",
                evidence=(Evidence(file.path, file.problem),),
                detail=OfFile(path=HostPath(file.path.rpartition("/")[0])),
            )
