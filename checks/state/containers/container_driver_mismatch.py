"""A container's config names another storage driver than the one it lives with."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Severity, Subject, check
from doctor.facts.containers.details import DriverWrong
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=DriverWrong,
    breaks=("storage",),
    ok="each container's config names the driver that holds its files",
)
def container_driver_mismatch(graph: LayerGraph) -> Iterator[Finding]:
    """A container's config names no storage driver, or another than the one that holds its files, so the engine skips it.

    What it looks at:
        ``Driver`` in ``config.v2.json`` of each container that has a mount record of overlay2 whose directories exist: that
        proves where it lives. A container of the containerd image store (``overlayfs``) has none, and is left alone.

    Why it matters:
        dockerd leaves the container out of its list with a debug line that nobody sees.

    How it is fixed:
        The driver is set to the one that holds the container's files; nothing else in the file changes.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for container in graph.containers.items:
        record = graph.layers.mounts.get(container.id)
        own = graph.directory(record.mount_id or "") if record is not None else None
        if container.driver != "overlay2" and own is not None and own.has_diff:
            path = HostPath(f"{container.directory}/config.v2.json")
            yield Finding(
                subject=Subject("container", container.title),
                message=f"container {container.title} has vanished for the engine: its config names "
                + (f"the storage driver {container.driver[:40]!r}" if container.driver else "no storage driver"),
                evidence=(
                    Evidence(path, f"Driver: {container.driver[:40]!r}"),
                    Evidence(graph.layers.mount_path(container.id, "mount-id"), own.id),
                ),
                detail=DriverWrong(path=path, driver="overlay2"),
            )
