"""containerd's list of snapshots is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.details import SnapshotsBroken
from doctor.facts.containerd.lists import ContainerdLists


@check(
    severity=Severity.CRITICAL,
    detail=SnapshotsBroken,
    breaks=("image",),
    ok="the database of containerd's snapshotter is whole",
)
def containerd_snapshot_db_corrupt(lists: ContainerdLists) -> Iterator[Finding]:
    """The database of containerd's snapshotter is damaged, so no container of the containerd image store can be started.

    What it looks at:
        ``io.containerd.snapshotter.v1.overlayfs/metadata.db`` beside a ``meta.db`` that lists images, read byte by byte.

    Why it matters:
        Images and containers are still listed; starts fail, and containerd may not come up at all. The file alone says which
        directory is which snapshot, those with the writable layers of containers among them.

    How it is fixed:
        A damaged tree with a whole older one behind it is mended by the two meta pages alone. Otherwise the file is made again
        from an old page of it or doctor's metadata backup, where that names every directory that is there. Otherwise a person
        must restore it.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/snapshots/storage/bolt.go
    """
    for known in lists.items:
        if known.snapshotter_problem:
            yield Finding(
                subject=Subject("file", known.snapshotter),
                message="no container can be started: the database of containerd's snapshotter is damaged",
                evidence=(Evidence(known.snapshotter, known.snapshotter_problem),),
                detail=SnapshotsBroken(path=known.snapshotter, is_mendable=known.snapshotter_mendable),
            )
