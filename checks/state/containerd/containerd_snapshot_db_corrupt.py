"""containerd's list of snapshots is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.details import SnapshotsBroken
from doctor.facts.containerd.lists import ContainerdLists


@check(
    severity=Severity.CRITICAL,
    detail=SnapshotsBroken,
    breaks=("image",),
    ok="the database of containerd's snapshotter is valid",
)
def containerd_snapshot_db_corrupt(lists: ContainerdLists) -> Iterator[Finding]:
    """The database of containerd's snapshotter is corrupt, so no container of the containerd image store can start.

    What it looks at:
        ``io.containerd.snapshotter.v1.overlayfs/metadata.db`` beside a ``meta.db`` that lists images, byte by byte.

    Why it matters:
        Images and containers are still listed, but starts fail, and containerd itself may not start. Only this file shows which
        directory belongs to which snapshot, including the writable layers of containers.

    How it is fixed:
        If the newest tree is corrupt and an older one is valid, only the two meta pages are rewritten. Otherwise the file is
        recreated from an old page or from doctor's metadata backup, if that names every existing directory. Otherwise the
        administrator must restore it.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/snapshots/storage/bolt.go
    """
    for known in lists.items:
        if known.snapshotter_problem:
            yield Finding(
                subject=Subject("file", known.snapshotter),
                message="the database of containerd's snapshotter is corrupt: no container can start",
                evidence=(Evidence(known.snapshotter, known.snapshotter_problem),),
                detail=SnapshotsBroken(path=known.snapshotter, is_repairable=known.snapshotter_repairable),
            )
