"""A running container's log was deleted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.logging.drivers import Logging


@check(severity=Severity.WARNING, breaks=(), ok="every running container's log exists")
def log_missing(logging: Logging) -> Iterator[Finding]:
    """A running container's log file was deleted, so ``docker logs`` is empty and the space is not freed.

    What it looks at:
        The json-file log of each running container, and the deleted logs that dockerd still holds open.

    Why it matters:
        A user probably deleted a large log to free space. The engine continues to write to the deleted file: it can't be read,
        and its blocks are freed only when the engine closes it.

    How it is fixed:
        Manually: restart the container, and the engine creates a new file. Before that, the deleted log can be copied from
        /proc/PID/fd of dockerd.

    References:
        https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
    """
    for file in logging.files:
        if not file.running or file.exists:
            continue
        is_open = any(path.endswith(f"/{docker.log_name(file.id)}") for path in logging.deleted_open)
        held = (Evidence("/proc/PID/fd of dockerd", f"{file.path} (deleted)"),) if is_open else ()
        yield Finding(
            subject=Subject("container", file.container),
            message=f"the log of the running container {file.container} was deleted: 'docker logs' shows nothing",
            evidence=(Evidence(file.path, "no such file"), *held),
            severity=None if is_open else Severity.INFO,
        )
