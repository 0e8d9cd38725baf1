"""A swarm node's raft log or task list is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import LogDamaged
from doctor.facts.engine.swarm_state import SwarmLog


@check(severity=Severity.ERROR, detail=LogDamaged, ok="the swarm node can read its raft log and its tasks")
def swarm_raft_corrupt(swarm: SwarmLog) -> Iterator[Finding]:
    """A swarm node's raft log or its list of tasks is damaged, so the engine starts and the node is no longer in its swarm.

    What it looks at:
        The newest file of ``swarm/raft/wal-v3-encrypted``: the frame of every record, the checksums of the last 512 KiB.
        ``swarm/worker/tasks.db``: a bolt database. A last record that was cut off is no damage, etcd removes it.

    Why it matters:
        dockerd says "can't initialize raft node: irreparable WAL error", or "cluster exited with error: invalid database". A
        lone manager then has no services, secrets and configs; they are in that log.

    How it is fixed:
        The task list goes into quarantine, the managers send it again. The log only comes from a backup or from other
        managers, and first needs a copy. Never with ``--force-new-cluster`` unasked.

    References:
        https://docs.docker.com/engine/swarm/admin_guide/#recover-from-disaster
        https://github.com/moby/swarmkit/blob/master/manager/state/raft/storage/walwrap.go
    """
    for file in swarm.damaged:
        if file.kind == "pair":
            continue
        what = "its list of tasks" if file.kind == "tasks" else "its raft log"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"the node is not in its swarm: {what} is damaged",
            evidence=(Evidence(file.path, file.problem),),
            detail=LogDamaged(directory=swarm.directory, path=file.path, is_cache=file.kind == "tasks"),
        )
