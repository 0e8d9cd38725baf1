"""The pid file of containerd names another process."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.facts.details import OfFile
from doctor.facts.engine.files import PidFiles


@check(
    severity=Severity.CRITICAL, detail=OfFile, stops_start=True, ok="the pid file of containerd names no other process"
)
def containerd_pid_foreign(files: PidFiles) -> Iterator[Finding]:
    """The pid file of the engine's containerd names another process, so the engine's start fails after 15 seconds.

    What it looks at:
        The pid file of containerd, the process with the pid in it, and whether containerd runs on this host at all. dockerd
        only checks whether /proc/PID exists, so a zombie counts as running. A file that names no process is harmless.

    Why it matters:
        dockerd assumes that containerd already runs and fails with "timeout waiting for containerd to start". The message does
        not mention the pid file.

    How it is fixed:
        If no containerd runs, the pid file is moved to quarantine. containerd writes a new one.

    References:
        https://github.com/moby/moby/issues/46988
        https://github.com/moby/moby/blob/v26.1.5/libcontainerd/supervisor/remote_daemon.go
    """
    if containerd.PROCESS in files.running:
        return
    for file in files.items:
        if file.owner != containerd.PROCESS or not (file.is_foreign or file.kind != "f"):
            continue
        fault = f"names process {file.pid} ({file.process})" if file.kind == "f" else "is not a regular file"
        zombie = ", a zombie" if file.is_zombie else ""
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the pid file of containerd {fault}{zombie}: the engine can't start",
            evidence=(Evidence(file.path, str(file.pid) if file.kind == "f" else "not a regular file"),),
            detail=OfFile(path=file.path),
        )
