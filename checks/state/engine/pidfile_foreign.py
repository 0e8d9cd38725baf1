"""The engine's pid file names another process."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import NetworkDatabase, VolumeDatabase
from doctor.facts.details import OfFile
from doctor.facts.engine.files import FileLocks, PidFile, PidFiles
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    stops_start=True,
    ok="the pid file of the engine names no other process",
    messages=(
        Message(
            pattern=r"pid file found, ensure docker is not running or delete \S+|ensure docker is not running or delete \S+|process with PID \d+ is still running",
            example="failed to start daemon, ensure docker is not running or delete /var/run/docker.pid: process with PID 26 is still running",
            means="dockerd's pid file has the pid of a running process, which may not be dockerd",
            do="look at that process with 'ps -p PID'; if it is not dockerd, remove the pid file",
        ),
    ),
)
def pidfile_foreign(
    files: PidFiles,
    locks: FileLocks | Missing,
    network: NetworkDatabase | Missing,
    volume: VolumeDatabase | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """The engine's pid file names a process that is not an engine, so the engine refuses to start.

    What it looks at:
        The pid file of dockerd, the process with the pid in it, and whether dockerd runs on this host at all. dockerd only
        checks whether /proc/PID exists, so a zombie counts as running. A file that names no process is harmless. A dockerd in
        another mount namespace or in a container is another engine, unless it holds a lock on this data root's databases
        (/proc/locks) or something answers on the socket.

    Why it matters:
        dockerd fails with "ensure docker is not running or delete /var/run/docker.pid". It happens if /run survives a reboot,
        as in containers and restored machines, and another process has the pid now.

    How it is fixed:
        If no dockerd runs, the pid file is moved to quarantine. dockerd writes a new one.

    References:
        https://github.com/moby/moby/issues/32458
        https://github.com/moby/moby/blob/v26.1.5/pkg/pidfile/pidfile.go
    """
    if docker.PROCESS in files.running:
        return
    is_up = isinstance(state, EngineState) and state.is_running
    for file in files.items:
        stranger = file.is_elsewhere and not is_up and _holds_nothing(file, locks, network, volume)
        if file.owner != docker.PROCESS or not (file.is_foreign or stranger or file.kind != "f"):
            continue
        fault = f"names process {file.pid} ({file.process})" if file.kind == "f" else "is not a regular file"
        zombie = ", a zombie" if file.is_zombie else ", an engine in another mount namespace" if stranger else ""
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the pid file of dockerd {fault}{zombie}: the engine can't start",
            evidence=(Evidence(file.path, str(file.pid) if file.kind == "f" else "not a regular file"),),
            detail=OfFile(path=file.path),
        )


def _holds_nothing(
    file: PidFile, locks: FileLocks | Missing, network: NetworkDatabase | Missing, volume: VolumeDatabase | Missing
) -> bool:
    """Whether the process locks neither of two examined databases: an engine locks both as long as it runs."""
    if isinstance(locks, Missing) or isinstance(network, Missing) or isinstance(volume, Missing):
        return False
    held = [lock for one in (network.file, volume.file) for lock in locks.of(one.device, one.inode)]
    return all(lock.pid > 0 and lock.pid != file.pid for lock in held)
