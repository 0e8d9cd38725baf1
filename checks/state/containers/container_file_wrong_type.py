"""A directory lies where a container's file belongs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import WrongType

_FILES = ("hosts", "hostname", "resolv.conf", "resolv.conf.hash")


@check(severity=Severity.ERROR, detail=WrongType, breaks=("storage",), ok="each container's files are files")
def container_file_wrong_type(containers: Containers) -> Iterator[Finding]:
    """A directory lies where a container's hosts, hostname, resolv.conf or log belongs, so the container can't start.

    What it looks at:
        The kind of ``hosts``, ``hostname``, ``resolv.conf``, ``resolv.conf.hash``, ``ID-json.log`` and rotated logs in each
        container's directory.

    Why it matters:
        A bind mount made while the file was missing leaves an empty directory. dockerd then says "is a directory" at each
        start of the container, or when its logs are read.

    How it is fixed:
        The directory goes into quarantine; dockerd writes the file anew when the container starts.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/container_operations_unix.go
    """
    for container in containers.items:
        log = f"{container.id}-json.log"
        names = [name for name in container.directories if name in _FILES or name == log or name.startswith(f"{log}.")]
        wrong = tuple(HostPath(f"{container.directory}/{name}") for name in sorted(names))
        if wrong:
            yield Finding(
                subject=Subject("container", container.title),
                message=f"container {container.title} can't start, or its log can't be read: a directory lies where its "
                f"{wrong[0].rpartition('/')[2].rpartition('-')[2]} belongs",
                evidence=tuple(Evidence(path, "a directory") for path in wrong),
                detail=WrongType(paths=wrong),
            )
