"""A container's config names the wrong storage driver."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.containers.details import DriverWrong
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=DriverWrong,
    breaks=("storage",),
    ok="each container's config names the driver that holds its files",
)
def container_driver_mismatch(graph: LayerGraph) -> Iterator[Finding]:
    """A container's config names no or the wrong storage driver, so the engine skips the container.

    What it looks at:
        ``Driver`` in ``config.v2.json`` of each container that has a mount record of overlay2 whose directories exist: they
        prove that overlay2 holds its files. A container of the containerd image store (``overlayfs``) has no such record and is
        not examined.

    Why it matters:
        dockerd omits the container from its list and only logs a debug line.

    How it is fixed:
        The driver is set to the one that holds the container's files. Nothing else in the file changes.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for container in graph.containers.items:
        record = graph.layers.mounts.get(container.id)
        own = graph.directory(record.mount_id or "") if record is not None else None
        if container.driver != docker.OVERLAY2 and own is not None and own.has_diff:
            path = container.config_path
            yield Finding(
                subject=Subject("container", container.title),
                message=f"the config of container {container.title} names "
                + (f'the storage driver "{container.driver[:40]}"' if container.driver else "no storage driver")
                + ", but overlay2 holds its files: the engine does not load the container",
                evidence=(
                    Evidence(path, f'Driver: "{container.driver[:40]}"'),
                    Evidence(graph.layers.mount_path(container.id, docker.MOUNT_ID), own.id),
                ),
                detail=DriverWrong(path=path, driver=docker.OVERLAY2),
            )
