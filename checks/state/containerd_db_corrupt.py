"""containerd's database is damaged."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.databases import ContainerdDatabase


class ContainerdBroken(Struct, frozen=True, kw_only=True):
    """For the fixer: the file, whether images live with it, and whether it can be mended by itself."""

    path: HostPath
    holds_images: bool
    is_mendable: bool


@check(severity=Severity.CRITICAL, breaks=("image",), ok="containerd's database is whole")
def containerd_db_corrupt(database: ContainerdDatabase) -> Iterator[Finding]:
    """The database of the engine's own containerd is damaged, so the engine does not start.

    What it looks at:
        ``containerd/daemon/io.containerd.metadata.v1.bolt/meta.db`` in the data root, read byte by byte, and whether image
        contents or snapshots lie beside it.

    Why it matters:
        dockerd waits 15 seconds and ends with "timeout waiting for containerd to start", or containerd lacks its services.
        With a storage driver the file lists only running containers. With the containerd image store it is the only list of
        all images and snapshots: an engine that starts with an empty one deletes them all at its next clean-up.

    How it is fixed:
        A damaged tree with a whole older one behind it is mended by the two meta pages alone. Otherwise the file goes into
        quarantine where no images live with it; where they do, it is made again from old pages of it, doctor's metadata backup
        and what is on disk, or a person must restore it before any start.

    References:
        https://github.com/containerd/containerd/issues/10666
        https://github.com/containerd/containerd/issues/3347
    """
    file = database.file
    if file.is_broken:
        yield Finding(
            subject=Subject("file", file.path),
            message="the engine can't start: containerd's database is damaged"
            + (", and it is the only list of all images" if database.holds_images else ""),
            evidence=(
                Evidence(file.path, file.problem),
                Evidence(database.directory, "image contents lie beside it" if database.holds_images else "no images"),
            ),
            detail=ContainerdBroken(path=file.path, holds_images=database.holds_images, is_mendable=bool(file.remedy)),
        )
