"""Much of the space on an engine's disk could be freed."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.details import Largest
from doctor.facts.host.disk_eaters import DiskUse
from doctor.facts.host.resources import GIB, FileSystems, size


@check(severity=Severity.INFO, detail=Largest, deep=True, ok="less than 1 GiB on the engine's disks could be freed")
def space_reclaimable(systems: FileSystems, use: DiskUse) -> Iterator[Finding]:
    """A gigabyte or more on an engine's disk could be freed, although the disk is not full yet.

    What it looks at:
        With ``--deep``, the same ranking as resources/disk-full for the file systems of the data root and containerd, however full they
        are: the engine's own account of unused images, stopped containers and build cache, logs, layers that nothing refers to,
        unfinished downloads, deleted files that a process has open, and doctor's quarantine. Volumes are never counted. Walks of
        directories have two seconds.

    Why it matters:
        It is cheaper to know it before the disk is full, when nothing can be written and the engine may not be stopped.

    How it is fixed:
        Manually: each command is shown with what it deletes.

    References:
        https://docs.docker.com/engine/manage-resources/pruning/
    """
    for system in systems.items:
        eaters = tuple(one for one in use.by_path.get(system.path, ()) if one.frees)
        total = sum(one.size_bytes for one in eaters)
        if system.is_nearly_full or total < GIB:
            continue
        yield Finding(
            subject=Subject("file-system", system.path),
            message=(
                f"{size(total)} on {system.title} could be freed: {', '.join(one.words for one in eaters[:3])}; "
                f"{size(system.available_bytes)} are left"
            ),
            evidence=tuple(Evidence(one.path, one.words) for one in eaters),
            detail=Largest(eaters=eaters),
        )
