"""containerd's database is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containerd.details import ContainerdBroken
from doctor.facts.databases.databases import ContainerdDatabase, ServiceDatabase, about


@check(severity=Severity.CRITICAL, detail=ContainerdBroken, breaks=("image",), ok="containerd's database is whole")
def containerd_db_corrupt(
    database: ContainerdDatabase | Missing, service: ServiceDatabase | Missing
) -> Iterator[Finding]:
    """The database of containerd is damaged, so the engine does not start.

    What it looks at:
        ``io.containerd.metadata.v1.bolt/meta.db`` of the engine's own containerd (``containerd/daemon`` in the data root) and of
        a service (its ``root``, which is ``/var/lib/containerd`` where nothing else is set), read byte by byte, and whether image
        contents or snapshots lie beside it. Then the names, times and container specs in it.

    Why it matters:
        dockerd waits 15 seconds and ends with "timeout waiting for containerd to start", or containerd lacks its services. A
        containerd that is a service ends too, and with it all that use it.
        With a storage driver the file lists only running containers. With the containerd image store it is the only list of
        all images and snapshots: an engine that starts with an empty one deletes them all at its next clean-up.

    How it is fixed:
        A damaged tree with a whole older one behind it is mended by the two meta pages alone. Otherwise the file goes into
        quarantine where no images live with it; where they do, it is made again from old pages of it, doctor's metadata backup
        and what is on disk, or a person must restore it before any start. A containerd that runs is stopped before.

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
            message=_effect(found)
            + (": its database is damaged" if is_service else ": containerd's database is damaged")
            + (", and it is the only list of all images" if found.holds_images else ""),
            evidence=(
                *(about(file)[:1] if not found.flawed else ()),
                *(Evidence(file.path, item.what) for item in found.flawed[:4]),
                Evidence(found.directory, "image contents lie beside it" if found.holds_images else "no images"),
            ),
            detail=ContainerdBroken(
                path=file.path,
                holds_images=found.holds_images,
                is_mendable=bool(file.remedy),
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
        return "containerd and the services that need it can't start" if is_service else "the engine can't start"
    if found.flawed:
        return "containerd fails on a record, and the engine may not start"
    return "containerd falls back to the state before its last write"
