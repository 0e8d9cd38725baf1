"""A swarm node's raft log or task list is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import LogDamaged
from doctor.facts.engine.swarm_state import SwarmLog


@check(severity=Severity.ERROR, detail=LogDamaged, ok="the swarm node can read its raft log and its tasks")
def swarm_raft_corrupt(swarm: SwarmLog) -> Iterator[Finding]:
    """A swarm node's raft log or task list is corrupt, so the engine starts but the node is not in its swarm.

    What it looks at:
        The newest file of ``swarm/raft/wal-v3-encrypted``: the frame of each record, the checksums of the last 512 KiB.
        ``swarm/worker/tasks.db``: a bolt database. A truncated last record is not reported: etcd removes it.

    Why it matters:
        dockerd logs "can't initialize raft node: irreparable WAL error", or "cluster exited with error: invalid database". If
        the node is the only manager, services, secrets and configs are missing: they are in that log.

    How it is fixed:
        The task list is moved to quarantine: the managers send it again. The log can only be restored from a backup or from
        other managers, after a copy of the directory. Doctor never uses ``--force-new-cluster`` on its own.

    References:
        https://docs.docker.com/engine/swarm/admin_guide/#recover-from-disaster
        https://github.com/moby/swarmkit/blob/master/manager/state/raft/storage/walwrap.go
    """
    for file in swarm.damaged:
        if file.kind == "pair":
            continue
        what = "task list" if file.kind == "tasks" else "raft log"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the swarm node's {what} is corrupt: the node is not in its swarm",
            evidence=(Evidence(file.path, file.problem),),
            detail=LogDamaged(directory=swarm.directory, path=file.path, is_cache=file.kind == "tasks"),
        )
