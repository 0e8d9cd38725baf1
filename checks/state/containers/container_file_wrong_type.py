"""A directory exists in place of a container's file."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import WrongType

_FILES = (docker.HOSTS, docker.HOSTNAME, docker.RESOLV_CONF, docker.RESOLV_CONF_HASH)


@check(
    severity=Severity.ERROR,
    detail=WrongType,
    breaks=("storage",),
    ok="each container's hosts, hostname, resolv.conf and logs are files",
    messages=(
        Message(
            pattern=r"open /\S+/containers/[0-9a-f]{64}/(?:hosts|hostname|resolv\.conf|[0-9a-f]{64}-json\.log): is a directory",
            example="open /var/lib/docker/containers/4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c4c01db0b339c4c01/hosts: is a directory",
            means="a file of the container is a directory",
            do="let 'doctor fix' remove the directory",
        ),
    ),
)
def container_file_wrong_type(containers: Containers) -> Iterator[Finding]:
    """A container's hosts, hostname, resolv.conf or log is a directory, so the container can't start.

    What it looks at:
        The type of ``hosts``, ``hostname``, ``resolv.conf``, ``resolv.conf.hash``, ``ID-json.log`` and rotated logs in each
        container's directory.

    Why it matters:
        A bind mount of a missing file leaves an empty directory. dockerd then reports "is a directory" at each start of the
        container, or when its logs are read.

    How it is fixed:
        The directory is moved to quarantine. dockerd writes the file when the container starts.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/container_operations_unix.go
    """
    for container in containers.items:
        log = docker.log_name(container.id)
        names = [name for name in container.directories if name in _FILES or name == log or name.startswith(f"{log}.")]
        wrong = tuple(HostPath(f"{container.directory}/{name}") for name in sorted(names))
        if wrong:
            yield Finding(
                subject=Subject("container", container.title),
                message=f"{wrong[0].rpartition('/')[2].rpartition('-')[2]} of container {container.title} is a directory: the container can't "
                "start, or its log can't be read",
                evidence=tuple(Evidence(path, "directory") for path in wrong),
                detail=WrongType(paths=wrong),
            )
