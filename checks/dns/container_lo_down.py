"""The loopback interface of a running container is down."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.path.details import LoopbackDown
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.ERROR,
    detail=LoopbackDown,
    breaks=("dns",),
    ends=("link-down",),
    ok="the loopback interface of every running container is up",
)
def container_lo_down(namespaces: NetNamespaces, containers: Containers) -> Iterator[Finding]:
    """The interface lo of a container is down, so its programs do not reach 127.0.0.1 and resolve no names.

    What it looks at:
        The interfaces in the network namespace of each running container.

    Why it matters:
        On networks created by users, containers ask the engine's name server at 127.0.0.11, which is behind lo: names neither
        of other containers nor of the outside resolve. Connections to "localhost" within the container fail on every network.

    How it is fixed:
        The interface is set up in the container's namespace; the container does not restart.

    References:
        https://docs.docker.com/engine/network/#dns-services
    """
    names = {container.id: container.title for container in containers.items}
    for identity, namespace in namespaces.own:
        loopback = next((link for link in namespace.links if link.is_loopback), None)
        if loopback is None or loopback.is_up:
            continue
        name = names.get(identity, identity[:12])
        yield Finding(
            subject=Subject("container", name),
            message=f"the interface {loopback.name} of container {name} is down: it resolves no names over 127.0.0.11",
            evidence=(Evidence(f"interfaces of {name}", f"{loopback.name} is down"),),
            detail=LoopbackDown(pid=namespace.pid, inode=namespace.inode),
        )
