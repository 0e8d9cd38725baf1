"""systemd listens on the engine's socket, and the engine does not accept there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import UnservedSocket
from doctor.facts.engine.state import EngineAnswer


@check(severity=Severity.ERROR, detail=UnservedSocket, ok="nobody listens on the engine's socket without accepting")
def socket_unserved(answer: EngineAnswer, config: EngineConfig) -> Iterator[Finding]:
    """Systemd listens on the engine's usual socket and the engine does not take it, so docker commands hang without a message.

    What it looks at:
        Where the engine runs and its ``hosts`` name neither ``fd://`` nor that socket: whether systemd's docker.socket listens on
        /var/run/docker.sock, and whether a question there is answered within three seconds.

    Why it matters:
        A connection to such a socket is made and never accepted: "docker ps" waits for ever, and so do scripts, agents and CI
        jobs that mount the socket. An override of ExecStart that names only a TCP address does this, since docker.socket stays
        active.

    How it is fixed:
        By a person, who knows which one is wanted: ``-H fd://`` beside the other addresses, or docker.socket disabled and
        DOCKER_HOST set for every client.

    References:
        https://docs.docker.com/engine/daemon/remote-access/
    """
    if not answer.unserved:
        return
    hosts = config.get("hosts")
    named = ", ".join(map(str, hosts)) if isinstance(hosts, list) else "none"
    yield Finding(
        subject=Subject("file", docker.SOCKET),
        message=f"docker commands hang: systemd listens on {docker.SOCKET}, and the engine accepts only on {named}",
        evidence=(Evidence(docker.SOCKET, answer.unserved), Evidence(config.setting("hosts").place, f"hosts: {named}")),
        detail=UnservedSocket(place=config.setting("hosts").place),
    )
