"""The database of containerd is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ContainerdBroken
from doctor.facts.databases.databases import ContainerdDatabase, ServiceDatabase, about


@check(
    severity=Severity.CRITICAL,
    detail=ContainerdBroken,
    breaks=("image",),
    ok="containerd's database is valid",
    messages=(
        Message(
            pattern=r"panic: (?:freepages: .*|invalid (?:freelist )?page(?: type)?\b.*|page \d+ already freed|assertion failed: (?:Page expected to be: .*|write: circular dependency occurred|.*\bpage\b.*)|.*?\b(?:bbolt|boltdb/bolt)\.\S*|runtime error: slice bounds out of range \[\S*\] with (?:length|capacity) (?:2147483647|268435455|\d{9,}))|goroutine \d+ .*?\[running\]: .*?\b(?:bbolt|boltdb/bolt)\.\S*|invalid freelist page|Page expected to be: \d+, but self identifies.*|freelist.*page type|unknown service containerd\.services\.\w+|(?:unexpected|invalid) page type",
            example="panic: invalid page type: 7161042456432239721: 6974",
            means="a bbolt database of containerd or of the engine is corrupt, and the program that opens it ends",
            do="keep a copy, and let 'doctor fix' salvage the database that the finding names",
            also=(
                "state/containerd-snapshot-db-corrupt",
                "state/network-db-corrupt",
                "state/volume-db-corrupt",
                "state/buildkit-db-corrupt",
            ),
            apart="which program wrote the line: containerd (meta.db), or dockerd (local-kv.db, volumes/metadata.db, buildkit)",
        ),
    ),
)
def containerd_db_corrupt(
    database: ContainerdDatabase | Missing, service: ServiceDatabase | Missing
) -> Iterator[Finding]:
    """The database of containerd is corrupt, so the engine does not start.

    What it looks at:
        ``io.containerd.metadata.v1.bolt/meta.db`` of the engine's own containerd (``containerd/daemon`` in the data root) and
        of the containerd service (in its ``root``, by default ``/var/lib/containerd``), byte by byte, and whether image
        contents or snapshots exist beside it. Then the names, times and container specs in it.

    Why it matters:
        dockerd waits 15 seconds and fails with "timeout waiting for containerd to start", or containerd lacks some of its
        services. A containerd service fails too, and so do all programs that use it. With a storage driver the file lists only
        running containers. With the containerd image store it is the only list of images and snapshots: an engine that starts
        with an empty list deletes them all at its next cleanup.

    How it is fixed:
        If the newest tree is corrupt and an older one is valid, only the two meta pages are rewritten. If no images depend on
        the file, it is moved to quarantine. If images do, the list is recreated from old pages of the file, doctor's metadata
        backup and the files on disk; otherwise the administrator must restore it before any start. A running containerd is
        stopped first.

    References:
        https://github.com/containerd/containerd/issues/10666
        https://github.com/containerd/containerd/issues/3347
    """
    for found in (database, service):
        if isinstance(found, Missing) or not (found.file.is_broken or found.file.is_rolled_back or found.flawed):
            continue
        file = found.file
        is_service = isinstance(found, ServiceDatabase)
        yield Finding(
            subject=Subject("file", file.path),
            message="containerd's database is corrupt"
            + (", and it is the only list of images: " if found.holds_images else ": ")
            + _effect(found),
            evidence=(
                *(about(file)[:1] if not found.flawed else ()),
                *(Evidence(file.path, item.what) for item in found.flawed[:4]),
                Evidence(found.directory, "image contents exist beside it" if found.holds_images else "no images"),
            ),
            detail=ContainerdBroken(
                path=file.path,
                holds_images=found.holds_images,
                is_repairable=bool(file.remedy),
                is_service=is_service,
                flip=file.flip,
                items=found.flawed,
            ),
            severity=None if file.is_broken or found.flawed else Severity.ERROR,
            stops_start=not is_service and file.is_broken,
        )


def _effect(found: ContainerdDatabase | ServiceDatabase) -> str:
    is_service = isinstance(found, ServiceDatabase)
    if found.file.is_broken:
        return "containerd and the services that use it can't start" if is_service else "the engine can't start"
    if found.flawed:
        return "containerd fails to read a record, and the engine may not start"
    return "containerd uses the state before its last write"
