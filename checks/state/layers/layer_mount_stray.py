"""An empty mount record is left over."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="no empty mount record is left over")
def layer_mount_stray(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """An empty mount record of a container that does not exist is left over; the engine ignores it.

    What it looks at:
        Directories in ``image/overlay2/layerdb/mounts`` without a single file whose name is no container's. A record with
        any file in it is never one of these: it may lead to what a lost container wrote.

    Why it matters:
        It does no harm, and tells that a container's creation or removal was interrupted here.

    How it is fixed:
        While the engine is down it goes into quarantine. Nothing is stopped for it.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    for name in leftovers.mounts:
        path = graph.layers.mount_path(name)
        yield Finding(
            subject=Subject("mount-record", name[:12]),
            message=f"an empty mount record of no container is left over: {name[:12]}; the engine ignores it",
            evidence=(Evidence(path, "an empty directory"),),
            detail=OfFile(path=path),
        )
