"""Another process holds a database of the engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.databases.databases import BoltFile, BuildkitDatabases, NetworkDatabase, VolumeDatabase
from doctor.facts.engine.files import FileLocks
from doctor.facts.engine.state import EngineState

_OWNERS = frozenset({"dockerd", "containerd"})


@check(severity=Severity.ERROR, stops_start=True, ok="no foreign process holds a database of the engine")
def database_locked(
    locks: FileLocks,
    network: NetworkDatabase | Missing,
    volume: VolumeDatabase | Missing,
    buildkit: BuildkitDatabases | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """A process that is no engine holds a lock on a database of the engine, so the engine's start hangs or fails.

    What it looks at:
        /proc/locks for the inodes of ``local-kv.db``, ``volumes/metadata.db`` and BuildKit's databases, and what program
        holds each lock. A holder in another pid namespace counts: it may be a second engine on the same data root. So does a
        dockerd in other mounts while nothing answers on the engine's socket.

    Why it matters:
        For most of these files dockerd waits without a word until the lock goes, and systemd shows "activating" for ever;
        for the volume database it ends after a second with "timeout".

    How it is fixed:
        By hand: end the process that holds it. Copying the file to get round the lock would let two engines write.

    References:
        https://github.com/moby/moby/issues/29519
        https://man7.org/linux/man-pages/man5/proc_locks.5.html
    """
    is_up = isinstance(state, EngineState) and state.is_running
    files: list[BoltFile] = []
    files.extend(database.file for database in (network, volume) if not isinstance(database, Missing))
    files.extend(() if isinstance(buildkit, Missing) else buildkit.files.values())
    for file in files:
        for lock in locks.of(file.device, file.inode) if file.inode else ():
            if lock.holder in _OWNERS and (is_up or not lock.is_elsewhere):
                continue
            where = ", an engine of other mounts" if lock.is_elsewhere else ""
            who = f"process {lock.pid} ({lock.holder}{where})" if lock.holder else "a process in another pid namespace"
            yield Finding(
                subject=Subject("file", file.path),
                message=f"the engine's start hangs: {who} holds {file.path.rpartition('/')[2]}",
                evidence=(Evidence("/proc/locks", f"FLOCK by pid {lock.pid} on inode {lock.inode}"),),
            )
