"""A container's mount record is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfMount
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=OfMount,
    breaks=("storage",),
    causes=("state/layer-metadata-empty", "state/image-store-missing"),
    ok="each container has its mount record",
    messages=(
        Message(
            pattern=r"failed to load container mount \S*|mount does not exist",
            example="failed to load container mount 4f0c9f: mount does not exist",
            means="the mount record of a container is corrupt, so the container is not listed",
            do="let 'doctor fix' rebuild it",
            also=("state/layer-metadata-empty",),
        ),
    ),
)
def layer_mount_corrupt(graph: LayerGraph) -> Iterator[Finding]:
    """A container's mount record is corrupt or missing, so the engine does not list the container; its files still exist.

    What it looks at:
        The files ``mount-id``, ``init-id`` and ``parent`` in ``image/overlay2/layerdb/mounts/CONTAINER`` of each container with
        overlay2: the name of its layer directory, the same name with ``-init``, and the top layer of its image.

    Why it matters:
        dockerd logs "failed to load container mount … mount does not exist" and does not list the container. Its name and its
        address are free for others, and a prune may remove its volumes.

    How it is fixed:
        ``init-id`` and ``parent`` are computed. The layer directory is found by elimination: it must be above the container's
        image and belong to no other container. If several match, doctor's metadata backup decides, otherwise the administrator.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    for container in graph.containers.items:
        if container.driver != docker.OVERLAY2 or container.state.dead or container.state.removing:
            continue
        damaged = graph.damaged_mount(container.id)
        if damaged:
            only_parent = set(damaged) == {docker.PARENT} and graph.layers.mounts[container.id].parent is None
            path = graph.layers.mount_path(container.id)
            yield Finding(
                subject=Subject("container", container.title),
                message=f"the mount record of container {container.title} names no parent: the engine may delete layers that it needs"
                if only_parent
                else f"the mount record of container {container.title} is corrupt: the engine does not load the container",
                evidence=tuple(Evidence(f"{path}/{name}", text) for name, text in damaged.items()),
                detail=OfMount(container_id=container.id, files=tuple(damaged)),
                severity=Severity.WARNING if only_parent else None,
            )
