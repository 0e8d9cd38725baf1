"""A swarm node's certificate is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.details import CertificateMissing
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.engine.state import EngineState


@check(severity=Severity.CRITICAL, detail=CertificateMissing, ok="the swarm node has its certificate")
def swarm_cert_missing(swarm: SwarmFiles, state: EngineState | Missing) -> Iterator[Finding]:
    """A swarm node's certificate is missing, so the engine's next start erases the node's swarm state.

    What it looks at:
        ``swarm/docker-state.json``, which makes this host a node, and ``swarm/certificates/swarm-node.crt``.

    Why it matters:
        Without the certificate dockerd assumes that the node never joined, and silently deletes the directory; on a manager
        that includes the raft log with services, secrets and configs.

    How it is fixed:
        Before any start, doctor keeps a copy of ``swarm/``. The certificate and its key are restored from doctor's metadata
        backup or from another backup: only the swarm's own authority can sign a new one.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/cluster/utils.go
        https://docs.docker.com/engine/swarm/admin_guide/
    """
    if swarm.has_state and not swarm.has_certificate:
        is_down = not (isinstance(state, EngineState) and state.pid)
        yield Finding(
            subject=Subject("directory", swarm.directory),
            message="the swarm node's certificate is missing: the next start of the engine erases this node's swarm state",
            evidence=(
                Evidence(f"{swarm.directory}/docker-state.json", "exists"),
                Evidence(f"{swarm.directory}/certificates/swarm-node.crt", "no such file"),
                Evidence("files of the raft log", str(swarm.raft_files)),
            ),
            detail=CertificateMissing(directory=swarm.directory, is_down=is_down),
            start_destroys=is_down,
        )
