"""containerd's list of images is older than its snapshots."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Missing, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.details import ListOld
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.engine.state import EngineState
from doctor.model.text import plural


@check(
    severity=Severity.CRITICAL,
    detail=ListOld,
    breaks=("image",),
    ok="containerd's database is as recent as its snapshots",
)
def containerd_db_rolled_back(lists: ContainerdLists, state: EngineState | Missing) -> Iterator[Finding]:
    """The database of containerd is older than its snapshots, so its next cleanup deletes everything created since.

    What it looks at:
        The numbers of the snapshots that the snapshotter lists ("moby/14/…"), compared with the last number that
        ``io.containerd.metadata.v1.bolt/meta.db`` has assigned. containerd assigns a number, and saves that, before it creates
        the snapshot.

    Why it matters:
        A backup of this one file was restored, or a file system check or a snapshot rolled it back. The file is valid but
        outdated: newer images and containers are not listed, ``docker ps -a`` fails with "rw layer snapshot not found", and the
        first removal of anything deletes their contents and writable layers.

    How it is fixed:
        Before anything starts, the newest state that can be found (the file, its unused pages, doctor's metadata backup) is
        completed with the files on disk. Containers provide the names of their images, other images get their digest as name,
        and a lease protects everything without a name.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/snapshot.go
        https://github.com/containerd/containerd/blob/v1.7.24/metadata/gc.go
    """
    for known in lists.items:
        if not known.ahead:
            continue
        path = HostPath(f"{known.top}/{containerd.METADATA_DATABASE}")
        count = len(known.ahead)
        yield Finding(
            subject=Subject("file", path),
            message=f"containerd's database is older than {plural(count, 'snapshot')}: the next cleanup deletes the newest images and "
            "containers",
            evidence=(
                Evidence(known.snapshotter, ", ".join(known.ahead[:4])),
                Evidence(path, "has not assigned these numbers yet"),
            ),
            detail=ListOld(path=path, top=known.top),
            start_destroys=not (isinstance(state, EngineState) and state.pid),
        )
