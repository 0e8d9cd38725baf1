"""containerd's list of snapshots is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ListLost
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=ListLost,
    breaks=("image",),
    ok="containerd's snapshotter lists the snapshots that exist",
)
def containerd_snapshot_db_lost(stores: ContainerdStores, state: EngineState | Missing) -> Iterator[Finding]:
    """The database of containerd's snapshotter is missing or lists no snapshot, so the next cleanup deletes all snapshots.

    What it looks at:
        ``io.containerd.snapshotter.v1.overlayfs/metadata.db`` of the engine's own containerd and of the containerd service (in
        its ``root``): missing, of length 0, or new and without a record, while ``snapshots/`` has entries.

    Why it matters:
        Images are still listed, but no container can be created: "failed to get active mount: bucket does not exist". The next
        garbage collection removes every snapshot directory, including the writable layers of containers.

    How it is fixed:
        From doctor's metadata backup, if that names every existing directory: nothing else shows which directory belongs to
        which snapshot. Otherwise manually, before anything is started: copy the directory to another disk, then restore a
        backup.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/snapshots/storage/bolt.go
        https://github.com/containerd/containerd/issues/5797
    """
    for store in stores.items:
        lost = store.snapshots
        if lost.is_lost:
            yield Finding(
                subject=Subject("file", lost.path),
                message="the database of containerd's snapshotter lists no snapshot: the next cleanup deletes all snapshots, including "
                "the writable layers of containers",
                evidence=(
                    Evidence(lost.path, lost.problem),
                    *(Evidence(path, "has entries that it should list") for path in lost.beside),
                ),
                detail=ListLost(path=lost.path, beside=lost.beside),
                start_destroys=not (isinstance(state, EngineState) and state.pid),
            )
