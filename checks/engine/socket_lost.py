"""The engine listens on a socket that its path no longer leads to."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.lost_sockets import LostSockets


@check(
    severity=Severity.CRITICAL,
    causes=("access/two-engines", "state/socket-wrong-type"),
    ok="each path on which the engine listens leads to its socket",
)
def socket_lost(sockets: LostSockets) -> Iterator[Finding]:
    """The engine listens on a socket, but the path of the socket leads to something else, so every docker command fails.

    What it looks at:
        The Unix sockets on which the running dockerd listens (/proc/PID/net/unix and /proc/PID/fd), and whether their paths are
        missing, not a socket, a socket without a listener, or the socket of another process.

    Why it matters:
        A socket that lost its path can't get it back: clients get "Cannot connect to the Docker daemon" until the engine
        restarts, although its containers keep running. The cause is a deleted file, a cleanup of /run, or a second dockerd with
        the same path.

    How it is fixed:
        The engine is restarted by its service manager, with ``docker.socket`` if systemd listens for it, and binds the path
        again. Unless live-restore is on, containers stop and are started again. If another engine of this host has the socket,
        only the user can decide which of the two should have it.

    References:
        https://man7.org/linux/man-pages/man7/unix.7.html
        https://docs.docker.com/reference/cli/dockerd/#daemon-socket-option
    """
    for socket in sockets.items:
        yield Finding(
            subject=Subject("file", socket.path),
            message=f"{socket.path} leads to {socket.there}, not to the engine's socket: docker commands fail",
            evidence=(
                Evidence(socket.path, socket.there),
                Evidence(f"/proc/{sockets.pid}/net/unix", f"process {sockets.pid} listens on socket {socket.inode}"),
            ),
        )
