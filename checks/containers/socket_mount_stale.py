"""A container mounts a socket that was recreated after its start."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import OfContainers
from doctor.facts.containers.needs import titles
from doctor.facts.containers.stale_sockets import StaleSockets


@check(
    severity=Severity.ERROR,
    detail=OfContainers,
    ok="each container has the present socket of those that it mounts",
    messages=(
        Message(
            pattern=r"connect ECONNREFUSED /\S*\.sock\b.*|connect\(\) to unix:/\S+\.sock failed \(111: .*",
            example="Error: connect ECONNREFUSED /var/run/docker.sock",
            means="nothing listens on that socket: its program does not run, or the container has the socket of before the program's restart",
            do="if docker commands work on the host, restart the container that prints this: 'docker restart NAME'",
            also=("engine/down", "engine/socket-lost"),
        ),
    ),
)
def socket_mount_stale(containers: Containers, sockets: StaleSockets) -> Iterator[Finding]:
    """A running container mounts a socket that was recreated since, so its program is refused.

    What it looks at:
        Bind mounts of running containers whose source is a socket: whether the container's own mount table shows that the
        mounted one has been deleted.

    Why it matters:
        A mount keeps the file, not its name. An engine that restarts recreates its socket, and with ``live-restore`` the
        containers keep running: Traefik, Portainer or a monitor in a container then gets "connection refused" until its restart, while
        docker commands work on the host. The same holds for the sockets of databases and log collectors.

    How it is fixed:
        Manually: restart the container. It does not happen again if the directory of the socket is mounted instead, or if
        systemd has the engine's socket (``docker.socket``, ``-H fd://``).

    References:
        https://docs.docker.com/engine/daemon/live-restore/
        https://github.com/moby/moby/issues/22789
    """
    for socket in sockets.items:
        users = [one for one in containers.items if one.id in socket.ids]
        use, has = ("mount", "have") if len(users) > 1 else ("mounts", "has")
        yield Finding(
            subject=Subject("socket", socket.path),
            message=f"{titles(users)} {use} {socket.path}, which was recreated since, and {has} the deleted one: connections are refused",
            evidence=(Evidence(socket.table, socket.root),),
            detail=OfContainers(names=tuple(one.title for one in users[:20])),
        )
