"""A container mounts the engine's socket."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers

_SOCKETS = (*docker.SOCKETS, containerd.SOCKET)
_WHOLE = ("/", "/var/run", "/run", "/var")


@check(severity=Severity.INFO, security=True, ok="no container mounts the engine's socket")
def socket_in_container(containers: Containers) -> Iterator[Finding]:
    """A container mounts the engine's or containerd's socket, so an attacker in the container is root on the host.

    What it looks at:
        Bind mounts of each container: the sockets and the directories that contain them. A read-only mount does not help, because
        clients can still write to a socket.

    Why it matters:
        Portainer, Traefik, Watchtower and CI runners require it. A flaw in their web interface then gives access to the host.

    How it is fixed:
        Manually: use a proxy that allows only the needed requests, or no mount.

    References:
        https://docs.docker.com/engine/security/#docker-daemon-attack-surface
    """
    for container in containers.items:
        for mount in container.mounts:
            source = mount.source.rstrip("/") or "/"
            if mount.kind == "bind" and (source in _SOCKETS or source in _WHOLE):
                yield Finding(
                    subject=Subject("container", container.title),
                    message=f"container {container.title} mounts {source}: an attacker in it is root on this host",
                    evidence=(Evidence(container.config_path, f"{source} at {mount.destination}"),),
                )
                break
