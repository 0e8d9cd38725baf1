"""containerd's list of images is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ListLost
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=ListLost,
    breaks=("image",),
    ok="containerd's database lists the images that are there",
)
def containerd_store_db_lost(stores: ContainerdStores, state: EngineState | Missing) -> Iterator[Finding]:
    """The database of containerd lists none of the images that lie beside it, so its next clean-up deletes them all.

    What it looks at:
        ``io.containerd.metadata.v1.bolt/meta.db`` of the engine's own containerd and of the service (its ``root``): missing,
        without a byte, or new and without a record, while contents or snapshots lie beside it.

    Why it matters:
        containerd makes an empty database without a word. The images are gone from every list, and the first removal of
        anything starts a garbage collection that deletes every content and every snapshot, writable layers included.

    How it is fixed:
        The list is made again, before anything is started: from old pages of the file, doctor's metadata backup, and what is on
        disk, which tells all but names: contents have their digest for a name, the snapshotter lists its snapshots, containers
        name their images. What nobody names yet is held by a lease. Where the snapshotter's list is lost too and no backup has it,
        or other programs keep images there, a person must restore it.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/gc.go
        https://github.com/containerd/containerd/issues/5797
    """
    for store in stores.items:
        lost = store.contents
        if lost.is_lost:
            yield Finding(
                subject=Subject("file", lost.path),
                message="the next clean-up of containerd deletes all its images and snapshots: its database lists none of them",
                evidence=(
                    Evidence(lost.path, lost.problem),
                    *(Evidence(path, "holds what it should list") for path in lost.beside),
                ),
                detail=ListLost(path=lost.path, beside=lost.beside),
                start_destroys=not (isinstance(state, EngineState) and state.pid),
            )
