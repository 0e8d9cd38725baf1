"""The engine listens on a socket that its path does not lead to any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.lost_sockets import LostSockets


@check(
    severity=Severity.CRITICAL,
    causes=("state/socket-wrong-type",),
    ok="each path on which the engine listens leads to its socket",
)
def socket_lost(sockets: LostSockets) -> Iterator[Finding]:
    """The engine runs and listens, and the path of its socket leads to something else, so every docker command fails.

    What it looks at:
        The Unix sockets on which the running dockerd takes connections (/proc/PID/net/unix and /proc/PID/fd), and what is at
        their paths: nothing, something that is no socket, a socket on which nobody listens, or the socket of another process.

    Why it matters:
        A socket can't be given a name again: clients get "Cannot connect to the Docker daemon" for as long as this engine runs,
        though its containers go on. A deleted file, a cleaned /run or a second dockerd at the same path do that.

    How it is fixed:
        The engine is restarted as its manager does it, with ``docker.socket`` where systemd listens for it: it binds the path
        anew. Containers stop and are started again, unless live-restore is on.

    References:
        https://man7.org/linux/man-pages/man7/unix.7.html
        https://docs.docker.com/reference/cli/dockerd/#daemon-socket-option
    """
    for socket in sockets.items:
        yield Finding(
            subject=Subject("file", socket.path),
            message=f"docker commands fail: {socket.path} leads to {socket.there}, so nobody reaches the socket on which the engine listens",
            evidence=(
                Evidence(socket.path, socket.there),
                Evidence(f"/proc/{sockets.pid}/net/unix", f"process {sockets.pid} listens on socket {socket.inode}"),
            ),
        )
