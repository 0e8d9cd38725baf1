"""The writable layer of a container is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import DIRECTORY_NAME


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    causes=("state/overlay2-root-missing",),
    ok="each container has its writable layer",
)
def overlay2_container_layer_missing(graph: LayerGraph) -> Iterator[Finding]:
    """The writable layer of a container is missing, so the container can't start and the files that it wrote are lost.

    What it looks at:
        Whether the directory that each container's mount record names exists in ``overlay2`` and has a ``diff``.

    Why it matters:
        It holds all files that the container wrote outside volumes. ``docker start`` fails with "no such file or directory".

    How it is fixed:
        Manually, from a backup. Doctor does not create an empty directory: the container would start as if it had never written
        anything.

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
            path = graph.layers.directory_path(name) if found is None else graph.layers.diff_path(name)
            yield Finding(
                subject=Subject("container", graph.container_title(container_id)),
                message=f"the writable layer of container {graph.container_title(container_id)} is missing: the container can't start, and the files it wrote are lost",
                evidence=(Evidence(path, "no such directory"),),
            )
