"""systemd listens on the engine's socket, but the engine does not accept connections there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.details import UnservedSocket
from doctor.facts.engine.state import EngineAnswer


@check(severity=Severity.ERROR, detail=UnservedSocket, ok="connections to the engine's socket are accepted")
def socket_unserved(answer: EngineAnswer, config: EngineConfig) -> Iterator[Finding]:
    """Systemd listens on the engine's usual socket, but the engine does not use it, so docker commands hang.

    What it looks at:
        If the engine runs and its ``hosts`` contain neither ``fd://`` nor that socket: whether systemd's docker.socket listens on
        /var/run/docker.sock, and whether a request there is answered within three seconds.

    Why it matters:
        The kernel completes connections to such a socket, but the engine never accepts them: "docker ps" waits forever, and so
        do scripts, agents and CI jobs that mount the socket. The cause is an override of ExecStart with only a TCP address:
        docker.socket is still active.

    How it is fixed:
        Manually, because the intended setup is unknown: add ``-H fd://`` to the other addresses, or set DOCKER_HOST for every
        client. Disabling docker.socket does not help: docker.service requires it and starts it again.

    References:
        https://docs.docker.com/engine/daemon/remote-access/
    """
    if not answer.unserved:
        return
    hosts = config.get("hosts")
    named = ", ".join(map(str, hosts)) if isinstance(hosts, list) else "none"
    yield Finding(
        subject=Subject("file", docker.SOCKET),
        message=f"systemd listens on {docker.SOCKET}, but the engine accepts connections only on {named}, so docker commands hang",
        evidence=(Evidence(docker.SOCKET, answer.unserved), Evidence(config.setting("hosts").place, f"hosts: {named}")),
        detail=UnservedSocket(place=config.setting("hosts").place),
    )
