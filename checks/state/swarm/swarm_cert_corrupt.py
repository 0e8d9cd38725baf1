"""A swarm node's certificate or key is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.swarm_state import SwarmLog


@check(severity=Severity.ERROR, detail=OfFile, ok="the swarm node's certificate and key can be read")
def swarm_cert_corrupt(swarm: SwarmLog) -> Iterator[Finding]:
    """A swarm node's certificate or key is corrupt, so the engine starts but the node is not in its swarm.

    What it looks at:
        ``swarm-node.crt`` and ``swarm-node.key`` in ``swarm/certificates``: PEM with base64 of a DER structure.

    Why it matters:
        dockerd logs "failed to find any PEM data" and continues without the swarm: services don't run here, and a manager is
        missing. If the certificate is missing, dockerd erases the swarm state; if it is corrupt, dockerd erases nothing.

    How it is fixed:
        Both are restored from doctor's metadata backup; a copy of ``swarm/`` is kept. Without one, the node must leave and join
        again.

    References:
        https://docs.docker.com/engine/swarm/how-swarm-mode-works/pki/
        https://github.com/moby/swarmkit/blob/master/ca/keyreadwriter.go
    """
    for file in swarm.damaged:
        if file.kind == "pair":
            yield Finding(
                subject=Subject("file", file.path),
                message=f"{file.path.rpartition('/')[2]} is corrupt or missing: the node is not in its swarm",
                evidence=(Evidence(file.path, file.problem),),
                detail=OfFile(path=HostPath(file.path.rpartition("/")[0])),
            )
