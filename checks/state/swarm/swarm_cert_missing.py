"""A swarm node lost its certificate."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.details import CertificateMissing
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.engine.state import EngineState


@check(severity=Severity.CRITICAL, detail=CertificateMissing, ok="the swarm node has its certificate")
def swarm_cert_missing(swarm: SwarmFiles, state: EngineState | Missing) -> Iterator[Finding]:
    """A swarm node lost its certificate, so the engine's next start erases the node's whole swarm state.

    What it looks at:
        ``swarm/docker-state.json``, which makes this host a node, and ``swarm/certificates/swarm-node.crt``.

    Why it matters:
        Without the certificate dockerd takes the state for that of a node that never joined, and deletes the directory
        without a word: on a manager the raft log with services, secrets and configs.

    How it is fixed:
        Before any start, doctor keeps a copy of ``swarm/``. The certificate itself comes from doctor's metadata backup, with
        the key it belongs to, or from another backup: it can only be signed by the swarm's own authority.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/cluster/utils.go
        https://docs.docker.com/engine/swarm/admin_guide/
    """
    if swarm.has_state and not swarm.has_certificate:
        is_down = not (isinstance(state, EngineState) and state.pid)
        yield Finding(
            subject=Subject("directory", swarm.directory),
            message="the next start of the engine erases this node's swarm state: its certificate is missing",
            evidence=(
                Evidence(f"{swarm.directory}/docker-state.json", "there"),
                Evidence(f"{swarm.directory}/certificates/swarm-node.crt", "no such file"),
                Evidence("files of the raft log", str(swarm.raft_files)),
            ),
            detail=CertificateMissing(directory=swarm.directory, is_down=is_down),
            start_destroys=is_down,
        )
