"""A container has the engine's socket."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers

_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock")
_WHOLE = ("/", "/var/run", "/run", "/var")


@check(severity=Severity.INFO, ok="no container has the engine's socket")
def socket_in_container(containers: Containers) -> Iterator[Finding]:
    """A container has the engine's or containerd's socket mounted, so whoever breaks into it is root on the host.

    What it looks at:
        Bind mounts of each container: the sockets themselves and directories that hold them. Read-only does not help: a socket is
        written to all the same.

    Why it matters:
        Portainer, Traefik, Watchtower and CI runners ask for it. Their web interface or a flaw in them is then the way to the host.

    How it is fixed:
        By a person: a proxy that lets only the needed requests through, or no mount at all.

    References:
        https://docs.docker.com/engine/security/#docker-daemon-attack-surface
    """
    for container in containers.items:
        for mount in container.mounts:
            source = mount.source.rstrip("/") or "/"
            if mount.kind == "bind" and (source in _SOCKETS or source in _WHOLE):
                yield Finding(
                    subject=Subject("container", container.title),
                    message=f"whoever breaks into container {container.title} is root on this host: it has {source}",
                    evidence=(Evidence(f"{container.directory}/config.v2.json", f"{source} at {mount.destination}"),),
                )
                break
