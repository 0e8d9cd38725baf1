"""containerd's list of snapshots is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ListLost
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=ListLost,
    breaks=("image",),
    ok="containerd's snapshotter lists the snapshots that are there",
)
def containerd_snapshot_db_lost(stores: ContainerdStores, state: EngineState | Missing) -> Iterator[Finding]:
    """The snapshotter of containerd lists none of the snapshots that lie beside it, so the next clean-up deletes them all.

    What it looks at:
        ``io.containerd.snapshotter.v1.overlayfs/metadata.db`` of the engine's own containerd and of the service (its ``root``):
        missing, without a byte, or new and without a record, while ``snapshots/`` has entries.

    Why it matters:
        Images are still listed, but no container can be made: "failed to get active mount: bucket does not exist". The next
        garbage collection removes every snapshot directory, the writable layers of containers among them.

    How it is fixed:
        From doctor's metadata backup, where that names every directory that is there: nothing else says which directory is which
        snapshot. Otherwise by a person, and before anything is started: copy the directory away, restore a backup.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/snapshots/storage/bolt.go
        https://github.com/containerd/containerd/issues/5797
    """
    for store in stores.items:
        lost = store.snapshots
        if lost.is_lost:
            yield Finding(
                subject=Subject("file", lost.path),
                message="the next clean-up of containerd deletes all its snapshots: the snapshotter's database lists none of them",
                evidence=(
                    Evidence(lost.path, lost.problem),
                    *(Evidence(path, "holds what it should list") for path in lost.beside),
                ),
                detail=ListLost(path=lost.path, beside=lost.beside),
                start_destroys=not (isinstance(state, EngineState) and state.pid),
            )
