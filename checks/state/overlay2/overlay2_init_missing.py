"""A container's -init layer is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.layers.details import InitMissing
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.ERROR, detail=InitMissing, breaks=("storage",), ok="each container has its -init layer")
def overlay2_init_missing(graph: LayerGraph) -> Iterator[Finding]:
    """The -init layer below a container's writable layer is missing, so the container can't start.

    What it looks at:
        Whether ``overlay2/ID-init`` with a ``diff`` exists for each container whose writable layer exists and whose image
        layers are all known.

    Why it matters:
        The container's mount names it: ``docker start`` fails with "no such file or directory". The container's files are
        complete.

    How it is fixed:
        It is recreated: it always has the same empty files and directories, over which dockerd bind-mounts.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/initlayer/setup_unix.go
    """
    for container_id, record in graph.layers.mounts.items():
        own = graph.directory(record.mount_id or "")
        if (
            own is None
            or not own.has_diff
            or record.init_id in {None, ""}
            or record.init_id != docker.init_layer(own.id)
        ):
            continue
        init = graph.directory(docker.init_layer(own.id))
        chain = graph.mount_parent(container_id)
        below = "" if chain == "" else graph.cache.get(chain or "")
        if (init is None or not init.has_diff) and below is not None and (not below or graph.lowers[below] is not None):
            title = graph.container_title(container_id)
            yield Finding(
                subject=Subject("container", title),
                message=f"the -init layer of container {title} is missing: the container can't start",
                evidence=(Evidence(graph.layers.diff_path(docker.init_layer(own.id)), "no such directory"),),
                detail=InitMissing(container_id=container_id, directory=own.id, below=below),
            )
