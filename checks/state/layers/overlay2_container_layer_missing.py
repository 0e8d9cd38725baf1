"""A container's own files are gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import DIRECTORY_NAME


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    causes=("state/overlay2-root-missing",),
    ok="each container's own files are there",
)
def overlay2_container_layer_missing(graph: LayerGraph) -> Iterator[Finding]:
    """The directory with a container's own files is gone, so the container can't start and what it wrote is lost.

    What it looks at:
        Whether the directory that each container's mount record names is in ``overlay2`` and has a ``diff``.

    Why it matters:
        It holds everything the container wrote outside of volumes. ``docker start`` says "no such file or directory".

    How it is fixed:
        By hand, from a backup. An empty directory in its place would let the container start as if it had never written
        anything, so doctor makes none.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/
    """
    if not graph.layers.directories:
        return
    for container_id, record in graph.layers.mounts.items():
        name = record.mount_id or ""
        if not DIRECTORY_NAME.fullmatch(name) or graph.containers.get(container_id) is None:
            continue
        found = graph.directory(name)
        if (found is None or not found.has_diff) and not graph.mount_candidates(container_id):
            path = graph.layers.directory_path(name) if found is None else graph.layers.directory_path(name, "diff")
            yield Finding(
                subject=Subject("container", graph.container_title(container_id)),
                message=f"container {graph.container_title(container_id)} can't start: the files it wrote are gone",
                evidence=(Evidence(path, "no such directory"),),
            )
