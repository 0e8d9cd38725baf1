"""containerd's list of images is older than its snapshots."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ListOld
from doctor.facts.containerd.lists import CONTENTS, ContainerdLists
from doctor.facts.engine.state import EngineState


@check(
    severity=Severity.CRITICAL, detail=ListOld, breaks=("image",), ok="containerd's database is as new as its snapshots"
)
def containerd_db_rolled_back(lists: ContainerdLists, state: EngineState | Missing) -> Iterator[Finding]:
    """The database of containerd is older than its snapshots, so its next clean-up deletes what was made since.

    What it looks at:
        The numbers of the snapshots that the snapshotter lists ("moby/14/…"), against the last number that
        ``io.containerd.metadata.v1.bolt/meta.db`` has given. It gives a number, and saves that, before the snapshot is made.

    Why it matters:
        A backup of the one file was put back, or a file system check or a snapshot rolled it back. It is whole and wrong: images
        and containers of the time between are in no list, ``docker ps -a`` ends with "rw layer snapshot not found", and the
        first removal of anything deletes their contents and writable layers.

    How it is fixed:
        Before anything is started, the newest state that can be found (the file, pages it no longer uses, doctor's metadata
        backup) is completed with what lies on disk; containers tell the names of their images, others have their digest for a
        name, and a lease holds what nobody names.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/snapshot.go
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/gc.go
    """
    for known in lists.items:
        if not known.ahead:
            continue
        path = HostPath(f"{known.top}/{CONTENTS}")
        count = len(known.ahead)
        yield Finding(
            subject=Subject("file", path),
            message="the next clean-up of containerd deletes the newest images and containers: its database is older than "
            f"{count} {'snapshot' if count == 1 else 'snapshots'}",
            evidence=(
                Evidence(known.snapshotter, ", ".join(known.ahead[:4])),
                Evidence(path, "has not given these numbers yet"),
            ),
            detail=ListOld(path=path, top=known.top),
            start_destroys=not (isinstance(state, EngineState) and state.pid),
        )
