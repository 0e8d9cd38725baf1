"""The directory of all layers is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.CRITICAL, breaks=("image", "storage"), ok="the directory of all layers exists")
def overlay2_root_missing(root: DataRoot, graph: LayerGraph) -> Iterator[Finding]:
    """The directory of all layers is missing or empty, so images and containers are listed but none can run.

    What it looks at:
        Whether ``overlay2`` in the data root has any entry while layer records name directories in it.

    Why it matters:
        dockerd starts and lists everything. Each run fails with "stat …/overlay2/…: no such file or directory", and a pull
        reports "Already exists" and repairs nothing.

    How it is fixed:
        Manually: usually a file system is not mounted. Find it and mount it before the engine starts: if the directory is
        missing, an engine of release 29 or later switches to the other image store.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    named = [record for record in graph.layers.records.values() if record.cache_id]
    if named and not graph.layers.directories:
        yield Finding(
            subject=Subject("directory", docker.OVERLAY2),
            message=f"the directory of all layers is {'empty' if root.has(docker.OVERLAY2) else 'missing'}: no image and no container can run",
            evidence=(
                Evidence(root.at(docker.OVERLAY2), "empty" if root.has(docker.OVERLAY2) else "no such directory"),
                Evidence("layer records that name a directory in it", str(len(named))),
            ),
        )
