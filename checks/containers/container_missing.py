"""A container shares a namespace of a container that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.needs import lost_containers, severity_of


@check(
    severity=Severity.WARNING,
    ok="each container whose namespaces are shared exists",
    messages=(
        Message(
            pattern=r"failed to join \w+ namespace: No such container|No such container: [0-9a-f]{64}|cannot join network of a non running container|namespace path: lstat /proc/0/ns/\w+: no such file or directory",
            example="Error response from daemon: No such container: 4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c4c01",
            means="the container shares a namespace of a container that no longer exists or does not run",
            do="start that container, or recreate this one",
        ),
    ),
)
def container_missing(containers: Containers) -> Iterator[Finding]:
    """A container shares the network, IPC or PID namespace of a missing container, so its next start fails.

    What it looks at:
        ``container:…`` in NetworkMode, IpcMode and PidMode of each ``hostconfig.json``, against the directories of containers.

    Why it matters:
        ``docker start`` fails with "No such container". Usually the other container was recreated: an update by compose or
        watchtower gives it a new id, but sidecars with ``--network container:…`` keep the old id.

    How it is fixed:
        Manually: recreate the container with the new id. The mode of an existing container can't be changed.

    References:
        https://docs.docker.com/engine/network/#container-networks
    """
    for one, what, name in lost_containers(containers):
        yield Finding(
            subject=Subject("container", f"{one.title} {what}"),
            message=f"{one.title} shares the {what} namespace of container {name[:12]}, which does not exist: its next start fails",
            evidence=(Evidence(one.host_config_path, f"container:{name}"),),
            severity=severity_of([one]),
        )
