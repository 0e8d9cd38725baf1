"""containerd's pid file names another process."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.engine.files import PidFiles


@check(
    severity=Severity.CRITICAL, detail=OfFile, stops_start=True, ok="the pid file of containerd names no other process"
)
def containerd_pid_foreign(files: PidFiles) -> Iterator[Finding]:
    """The pid file of the engine's containerd names another process, so the engine waits 15 seconds for it and gives up.

    What it looks at:
        The pid file of containerd, what runs under the pid it names, and whether containerd runs on this host at all. A zombie
        counts as running for dockerd, since it only looks whether /proc/PID exists. A file that names nothing is harmless.

    Why it matters:
        dockerd believes that containerd runs already and ends with "timeout waiting for containerd to start": the message never
        mentions the pid file.

    How it is fixed:
        The pid file goes into quarantine; containerd writes a new one. Not while a containerd runs.

    References:
        https://github.com/moby/moby/issues/46988
        https://github.com/moby/moby/blob/v26.1.5/libcontainerd/supervisor/remote_daemon.go
    """
    if "containerd" in files.running:
        return
    for file in files.items:
        if file.owner != "containerd" or not (file.is_foreign or file.kind != "f"):
            continue
        what = f"process {file.pid} ({file.process})" if file.kind == "f" else "nothing: it is no file"
        zombie = ", a zombie" if file.is_zombie else ""
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the engine can't start: the pid file of containerd names {what}{zombie}",
            evidence=(Evidence(file.path, str(file.pid) if file.kind == "f" else "not a regular file"),),
            detail=OfFile(path=file.path),
        )
