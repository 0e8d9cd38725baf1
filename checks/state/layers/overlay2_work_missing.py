"""A container's work directory is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=OfDirectory,
    breaks=("storage",),
    ok="each container's layer can be mounted writable",
)
def overlay2_work_missing(graph: LayerGraph) -> Iterator[Finding]:
    """A container's layer has no work directory, so the kernel does not mount it and the container can't start.

    What it looks at:
        ``work`` in the directory of ``overlay2`` that each mount record names, where there is a ``lower``.

    Why it matters:
        overlayfs refuses a writable mount without it. The container's files are all there.

    How it is fixed:
        An empty directory is made: the kernel fills it itself.

    References:
        https://docs.kernel.org/filesystems/overlayfs.html
    """
    for record in graph.layers.mounts.values():
        found = graph.directory(record.mount_id or "")
        if found is not None and found.has_diff and not found.has_work and (found.lower or graph.lowers[found.id]):
            yield Finding(
                subject=Subject("layer-directory", found.id[:12]),
                message=f"{graph.directory_title(found.id)} can't be mounted: its work directory is gone",
                evidence=(Evidence(graph.layers.directory_path(found.id, "work"), "no such directory"),),
                detail=OfDirectory(directory=found.id),
            )
