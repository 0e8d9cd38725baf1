"""An empty mount record is stale."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="no stale empty mount record exists")
def layer_mount_stray(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """A container that does not exist has an empty mount record, which the engine ignores.

    What it looks at:
        Empty directories in ``image/overlay2/layerdb/mounts`` whose name is not the ID of a container. A record with any file
        is never reported: it may lead to the data of a lost container.

    Why it matters:
        It does no harm. It shows that the creation or removal of a container was interrupted.

    How it is fixed:
        If the engine is down, the record is moved to quarantine. Nothing is stopped for this repair.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    for name in leftovers.mounts:
        path = graph.layers.mount_path(name)
        yield Finding(
            subject=Subject("mount-record", name[:12]),
            message=f"mount record {name[:12]} is empty and belongs to no container: the engine ignores it",
            evidence=(Evidence(path, "empty directory"),),
            detail=OfFile(path=path),
        )
