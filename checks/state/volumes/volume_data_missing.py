"""A volume's directory is there and its data is not."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, HostPath, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.volumes.details import DataGone
from doctor.facts.volumes.volumes import Volumes


@check(severity=Severity.ERROR, detail=DataGone, breaks=("storage",), ok="each volume has its data directory")
def volume_data_missing(volumes: Volumes, containers: Containers | Missing) -> Iterator[Finding]:
    """A volume's data directory is gone or no directory, so the containers that use the volume don't start.

    What it looks at:
        ``_data`` in each directory of ``volumes``, through a link if it is one.

    Why it matters:
        dockerd lists the volume, and a container with it fails with "no such file or directory" or "not a directory". Usually
        the data lies elsewhere: on a file system that is not mounted there, or in lost+found.

    How it is fixed:
        By a person. Doctor never makes an empty ``_data``: a database that starts on one sets itself up anew.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/local/local.go
    """
    users: dict[str, list[str]] = {}
    for container in containers.items if isinstance(containers, Containers) else ():
        for mount in container.mounts:
            if mount.kind == "volume" and mount.driver in {"local", ""}:
                users.setdefault(mount.name, []).append(container.title)
    for volume in volumes.items.values():
        if volume.data_kind == "d":
            continue
        path = HostPath(f"{volumes.top}/{volume.name}/_data")
        used = ", ".join(users.get(volume.name, ())[:6])
        yield Finding(
            subject=Subject("volume", volume.name),
            message=f"the data of volume {volume.name[:40]} is gone{f' and {used} can not start' if used else ''}: its _data is "
            f"{'no directory' if volume.data_kind else 'missing'}",
            evidence=(Evidence(path, "not a directory" if volume.data_kind else "no such directory"),),
            detail=DataGone(path=path, is_mount_point=bool(volume.mount_type or volume.mount_device)),
            severity=None if used else Severity.WARNING,
        )
