"""A running container's log was deleted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.logging.drivers import Logging


@check(severity=Severity.WARNING, breaks=(), ok="every running container's log is where it should be")
def log_missing(logging: Logging) -> Iterator[Finding]:
    """A running container's log file was removed, so ``docker logs`` is empty and the space is not freed.

    What it looks at:
        The json-file log of each container that runs, and the removed logs that dockerd still holds open.

    Why it matters:
        Somebody deleted a large log to free space. The engine goes on writing to the deleted file: nobody can read it, and its
        blocks are only freed when the engine closes it.

    How it is fixed:
        By a person: restart the container, and the engine makes a new file. What was written meanwhile can be copied
        from /proc/PID/fd of dockerd before that.

    References:
        https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
    """
    for file in logging.files:
        if not file.running or file.exists:
            continue
        is_open = any(path.endswith(f"/{file.id}-json.log") for path in logging.deleted_open)
        held = (Evidence("/proc/PID/fd of dockerd", f"{file.path} (deleted)"),) if is_open else ()
        yield Finding(
            subject=Subject("container", file.container),
            message=f"'docker logs {file.container}' shows nothing: its log was deleted while it runs",
            evidence=(Evidence(file.path, "no such file"), *held),
            severity=None if is_open else Severity.INFO,
        )
