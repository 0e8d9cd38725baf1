"""A directory exists in place of the engine's socket."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.details import SocketBlocked
from doctor.facts.engine.files import EngineSockets


@check(
    severity=Severity.CRITICAL,
    detail=SocketBlocked,
    stops_start=True,
    ok="no directory exists in place of the engine's socket",
    messages=(
        Message(
            pattern=r"can't create unix socket \S+ .*is a directory|docker\.sock\S*: is a directory|docker\.socket: Failed to (?:create listening|listen on) sockets?.*: Is a directory",
            example="failed to load listeners: can't create unix socket /var/run/docker.sock: is a directory",
            means="the path of dockerd's socket is a directory; a bind mount of the socket creates one while the engine is down",
            do="stop the container that mounts the socket, remove the empty directory, and start the engine",
        ),
    ),
)
def socket_wrong_type(sockets: EngineSockets) -> Iterator[Finding]:
    """A directory exists in place of the engine's socket, so the engine does not start.

    What it looks at:
        The type of each Unix socket path on which the engine listens; with ``fd://``, of those in ``docker.socket``. dockerd
        itself replaces a stale socket or a regular file.

    Why it matters:
        dockerd fails with "can't create unix socket … is a directory". A container with ``-v /var/run/docker.sock:…`` that was
        started while the engine was down creates that directory.

    How it is fixed:
        The directory is moved to quarantine with its content, unless something is mounted there. With systemd,
        ``docker.socket`` creates the socket at its next start.

    References:
        https://github.com/moby/moby/issues/30348
        https://github.com/docker/go-connections/blob/v0.5.0/sockets/unix_socket.go
    """
    for socket in sockets.items:
        if socket.kind == "d":
            yield Finding(
                subject=Subject("file", socket.path),
                message=f"{socket.path} is a directory instead of a socket: the engine can't start",
                evidence=(Evidence(socket.path, "empty directory" if socket.is_empty else "directory with files"),),
                detail=SocketBlocked(path=socket.path, is_movable=not socket.is_mount_point),
            )
