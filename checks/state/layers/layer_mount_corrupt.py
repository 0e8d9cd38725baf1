"""A container's mount record is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfMount
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=OfMount,
    breaks=("storage",),
    causes=("state/layer-metadata-empty", "state/image-store-missing"),
    ok="each container has its mount record",
)
def layer_mount_corrupt(graph: LayerGraph) -> Iterator[Finding]:
    """A container's mount record is damaged or gone, so the container vanishes from the engine; its files are still there.

    What it looks at:
        ``mount-id``, ``init-id`` and ``parent`` in ``image/overlay2/layerdb/mounts/CONTAINER`` of each container of overlay2:
        the name of its layer directory, the same with ``-init``, and the top layer of its image.

    Why it matters:
        dockerd logs "failed to load container mount … mount does not exist" and lists one container less. Its name and its
        address are free again, and a prune may take its volumes.

    How it is fixed:
        ``init-id`` and ``parent`` are computed. The layer directory is found by elimination: it must stand on the
        container's image and belong to no other container. Where two fit, doctor's metadata backup tells, else a person.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    for container in graph.containers.items:
        if container.driver != "overlay2" or container.state.dead or container.state.removing:
            continue
        damaged = graph.damaged_mount(container.id)
        if damaged:
            only_parent = set(damaged) == {"parent"} and graph.layers.mounts[container.id].parent is None
            path = graph.layers.mount_path(container.id)
            yield Finding(
                subject=Subject("container", container.title),
                message=f"the engine may delete layers that container {container.title} stands on: its mount record names none"
                if only_parent
                else f"container {container.title} has vanished for the engine: its mount record is damaged",
                evidence=tuple(Evidence(f"{path}/{name}", text) for name, text in damaged.items()),
                detail=OfMount(container_id=container.id, files=tuple(damaged)),
                severity=Severity.WARNING if only_parent else None,
            )
