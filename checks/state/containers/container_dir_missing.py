"""A container's directory is gone while its layer is there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.lost import LostContainers
from doctor.facts.details import OfContainer


@check(
    severity=Severity.ERROR,
    detail=OfContainer,
    breaks=("storage",),
    ok="each recorded layer of a container has its container",
)
def container_dir_missing(lost: LostContainers) -> Iterator[Finding]:
    """A container's directory with its settings is gone, so the container has vanished; the files it wrote are still there.

    What it looks at:
        Mount records in ``image/overlay2/layerdb/mounts`` that bear a container's id, older than a minute, without a
        directory of that name in ``containers``. ``docker rm`` removes the mount record first, so it leaves no such thing.
        Where that record is gone too, the layers of containers that doctor's metadata backup knows.

    Why it matters:
        dockerd says nothing: it lists one container less, and neither ``docker rm`` nor a prune ever frees its layer. The
        data that the container wrote is in that layer and nowhere else.

    How it is fixed:
        From doctor's metadata backup: the container is then as it was at the last healthy scan. Without one its settings are
        lost, and the evidence names the directory with its files. It is never removed.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/delete.go
        https://github.com/moby/moby/blob/v26.1.5/daemon/create.go
    """
    for container in lost.items:
        yield Finding(
            subject=Subject("container", container.title),
            message=f"container {container.title} has vanished for the engine: its directory with all settings is gone",
            evidence=(
                Evidence(container.directory, "no such directory"),
                *((Evidence("the files it wrote", container.layer),) if container.layer else ()),
            ),
            detail=OfContainer(container_id=container.id),
        )
