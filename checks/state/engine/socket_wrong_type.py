"""A directory lies where the engine's socket belongs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import SocketBlocked
from doctor.facts.engine.files import EngineSockets


@check(
    severity=Severity.CRITICAL,
    detail=SocketBlocked,
    stops_start=True,
    ok="nothing but a socket lies where the engine listens",
)
def socket_wrong_type(sockets: EngineSockets) -> Iterator[Finding]:
    """A directory lies where the engine's socket belongs, so the engine does not start.

    What it looks at:
        What is at each Unix socket path the engine is configured to listen on; with ``fd://``, at those of ``docker.socket``. A
        stale socket or a plain file is replaced by dockerd itself.

    Why it matters:
        dockerd ends with "can't create unix socket … is a directory". A container with ``-v /var/run/docker.sock:…`` that was
        started while the engine was down makes that directory.

    How it is fixed:
        The directory goes into quarantine with all that is in it, unless something is mounted there. With systemd,
        ``docker.socket`` makes the socket at its next start.

    References:
        https://github.com/moby/moby/issues/30348
        https://github.com/docker/go-connections/blob/v0.5.0/sockets/unix_socket.go
    """
    for socket in sockets.items:
        if socket.kind == "d":
            yield Finding(
                subject=Subject("file", socket.path),
                message=f"the engine can't start: {socket.path} is a directory",
                evidence=(
                    Evidence(socket.path, "an empty directory" if socket.is_empty else "a directory with files"),
                ),
                detail=SocketBlocked(path=socket.path, is_movable=not socket.is_mount_point),
            )
