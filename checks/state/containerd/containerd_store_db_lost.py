"""containerd's list of images is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ListLost
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL,
    detail=ListLost,
    breaks=("image",),
    ok="containerd's database lists the images that exist",
)
def containerd_store_db_lost(stores: ContainerdStores, state: EngineState | Missing) -> Iterator[Finding]:
    """The database of containerd is missing or lists no image, so its next cleanup deletes all images and snapshots.

    What it looks at:
        ``io.containerd.metadata.v1.bolt/meta.db`` of the engine's own containerd and of the containerd service (in its
        ``root``): missing, of length 0, or new and without a record, while contents or snapshots exist beside it.

    Why it matters:
        containerd silently creates an empty database. No list shows the images, and the first removal of anything starts a
        garbage collection that deletes every content and every snapshot, including writable layers.

    How it is fixed:
        The list is recreated before anything starts, from old pages of the file, doctor's metadata backup, and the files on
        disk: contents have their digest as name, the snapshotter lists its snapshots, containers name their images. A lease
        protects everything without a name. If the snapshotter's list is lost too and no backup has it, or if other programs
        keep images there, the administrator must restore it.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/gc.go
        https://github.com/containerd/containerd/issues/5797
    """
    for store in stores.items:
        lost = store.contents
        if lost.is_lost:
            yield Finding(
                subject=Subject("file", lost.path),
                message="containerd's database lists no image: the next cleanup deletes all images and snapshots, including the writable "
                "layers of containers",
                evidence=(
                    Evidence(lost.path, lost.problem),
                    *(Evidence(path, "has entries that it should list") for path in lost.beside),
                ),
                detail=ListLost(path=lost.path, beside=lost.beside),
                start_destroys=not (isinstance(state, EngineState) and state.pid),
            )
