"""The directory of a container is missing while its writable layer exists."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.lost import LostContainers
from doctor.facts.details import OfContainer


@check(
    severity=Severity.ERROR,
    detail=OfContainer,
    breaks=("storage",),
    ok="each mount record has its container",
)
def container_dir_missing(lost: LostContainers) -> Iterator[Finding]:
    """The directory with a container's settings is missing, so the engine does not list the container; its files still exist.

    What it looks at:
        Mount records in ``image/overlay2/layerdb/mounts`` with the ID of a container, older than a minute, without a directory
        of that name in ``containers``. ``docker rm`` removes the mount record first and so does not cause this. If the mount
        record is missing too, the writable layers of containers in doctor's metadata backup.

    Why it matters:
        dockerd logs nothing: it lists one container less, and neither ``docker rm`` nor a prune ever frees its writable layer.
        The container's data exists only in that layer.

    How it is fixed:
        From doctor's metadata backup: the container then has the state of the last healthy scan. Without a backup its settings
        are lost, and the evidence names the directory with its files. That directory is never removed.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/delete.go
        https://github.com/moby/moby/blob/v26.1.5/daemon/create.go
    """
    for container in lost.items:
        yield Finding(
            subject=Subject("container", container.title),
            message=f"the directory with all settings of container {container.title} is missing: the engine does not load the container",
            evidence=(
                Evidence(container.directory, "no such directory"),
                *((Evidence("the files it wrote", container.layer),) if container.layer else ()),
            ),
            detail=OfContainer(container_id=container.id),
        )
