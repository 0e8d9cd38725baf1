"""The engine's pid file names another process."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine_files import PidFiles
from doctor.facts.state_details import OfFile


@check(severity=Severity.CRITICAL, ok="the pid file of the engine names no other process")
def pidfile_foreign(files: PidFiles) -> Iterator[Finding]:
    """The engine's pid file names a process that is no engine, so the engine refuses to start.

    What it looks at:
        The pid file of dockerd, what runs under the pid it names, and whether dockerd runs on this host at all. A zombie
        counts as running for dockerd, since it only looks whether /proc/PID exists. A file that names nothing is harmless.

    Why it matters:
        dockerd ends with "ensure docker is not running or delete /var/run/docker.pid". It happens where /run outlives a reboot, as in
        containers and restored machines, and the number was given to another process.

    How it is fixed:
        The pid file goes into quarantine; dockerd writes a new one. Not while a dockerd runs.

    References:
        https://github.com/moby/moby/issues/32458
        https://github.com/moby/moby/blob/v26.1.5/pkg/pidfile/pidfile.go
    """
    if "dockerd" in files.running:
        return
    for file in files.items:
        if file.owner != "dockerd" or not (file.is_foreign or file.kind != "f"):
            continue
        what = f"process {file.pid} ({file.process})" if file.kind == "f" else "nothing: it is no file"
        zombie = ", a zombie" if file.is_zombie else ""
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the engine can't start: the pid file of dockerd names {what}{zombie}",
            evidence=(Evidence(file.path, str(file.pid) if file.kind == "f" else "not a regular file"),),
            detail=OfFile(path=file.path),
        )
