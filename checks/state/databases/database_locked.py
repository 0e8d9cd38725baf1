"""A foreign process holds a lock on a database of the engine."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import BoltFile, BuildkitDatabases, NetworkDatabase, VolumeDatabase
from doctor.facts.engine.files import FileLocks
from doctor.facts.engine.state import EngineState

_OWNERS = frozenset({docker.PROCESS, containerd.PROCESS})


@check(
    severity=Severity.ERROR,
    stops_start=True,
    ok="no foreign process holds a lock on a database of the engine",
    messages=(
        Message(
            pattern=r"(?:error while opening volume store metadata database|boltdb|meta\.db|local-kv\.db).*\btimeout|(?:error initializing network controller|failed to start daemon)\S* .*: timeout$|(?:Error starting daemon|failed to start daemon): timeout(?! \w)",
            example="Error starting daemon: error while opening volume store metadata database: timeout",
            means="another process has locked one of the engine's databases, most likely a second dockerd or containerd",
            do="find it with 'fuser -v' on the database, and stop it; snap and apt can each have installed an engine",
        ),
    ),
)
def database_locked(
    locks: FileLocks,
    network: NetworkDatabase | Missing,
    volume: VolumeDatabase | Missing,
    buildkit: BuildkitDatabases | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """A process other than the engine holds a lock on a database of the engine, so the engine's start hangs or fails.

    What it looks at:
        /proc/locks for the inodes of ``local-kv.db``, ``volumes/metadata.db`` and BuildKit's databases, and the program that
        holds each lock. A lock holder in another PID namespace is reported too: it may be a second engine on the same data
        root. So is a dockerd in another mount namespace while nothing answers on the engine's socket.

    Why it matters:
        For most of these files dockerd waits for the lock without a message, and systemd shows "activating" indefinitely. For
        the volume database it fails after one second with "timeout".

    How it is fixed:
        Manually: end the process that holds the lock. A copy of the file would let two engines write.

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
            where = ", an engine in another mount namespace" if lock.is_elsewhere else ""
            who = f"process {lock.pid} ({lock.holder}{where})" if lock.holder else "a process in another pid namespace"
            yield Finding(
                subject=Subject("file", file.path),
                message=f"{who} holds the lock on {file.path.rpartition('/')[2]}: the start of the engine hangs or fails",
                evidence=(Evidence("/proc/locks", f"FLOCK by pid {lock.pid} on inode {lock.inode}"),),
            )
