"""The work directory of a container is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=OfDirectory,
    breaks=("storage",),
    ok="each writable layer has its work directory",
)
def overlay2_work_missing(graph: LayerGraph) -> Iterator[Finding]:
    """A container's writable layer has no work directory, so the kernel refuses to mount it and the container can't start.

    What it looks at:
        ``work`` in the directory of ``overlay2`` that each mount record names, if that directory has a ``lower``.

    Why it matters:
        overlayfs refuses a writable mount without it. The container's files are complete.

    How it is fixed:
        An empty directory is created. The kernel fills it.

    References:
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    for record in graph.layers.mounts.values():
        found = graph.directory(record.mount_id or "")
        if (
            found is not None
            and found.id not in graph.half_removed
            and found.has_diff
            and not found.has_work
            and (found.lower or graph.lowers[found.id])
        ):
            yield Finding(
                subject=Subject("layer-directory", found.id[:12]),
                message=f"the work directory of {graph.directory_title(found.id)} is missing: the container can't start",
                evidence=(Evidence(graph.layers.directory_path(found.id, docker.WORK), "no such directory"),),
                detail=OfDirectory(directory=found.id),
            )
