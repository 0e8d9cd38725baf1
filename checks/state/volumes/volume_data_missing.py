"""The data directory of a volume is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.volumes.details import DataGone
from doctor.facts.volumes.volumes import Volumes


@check(
    severity=Severity.ERROR,
    detail=DataGone,
    breaks=("storage",),
    ok="each volume has its data directory",
    messages=(
        Message(
            pattern=r"""error evaluating symlinks from mount source \S+ .*no such file or directory|failed to chmod on \S*/volumes/\S+ .*|(?:l?stat|open|chdir) \S+/volumes/\S+/_data: no such file or directory""",
            example='error evaluating symlinks from mount source "/var/lib/docker/volumes/pgdata/_data": lstat /var/lib/docker/volumes/pgdata: no such file or directory',
            means="the data directory of a volume is missing",
            do="mount its file system, or restore the directory from a backup",
        ),
    ),
)
def volume_data_missing(volumes: Volumes, containers: Containers | Missing) -> Iterator[Finding]:
    """A volume's data directory is missing or not a directory, so containers that use the volume don't start.

    What it looks at:
        ``_data`` in each directory of ``volumes``, followed if it is a symbolic link.

    Why it matters:
        dockerd lists the volume, but a container with it fails with "no such file or directory" or "not a directory". Usually
        the data is elsewhere: on a file system that is not mounted, or in lost+found.

    How it is fixed:
        Manually. Doctor never creates an empty ``_data``: a database that starts on an empty directory initializes itself
        again.

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
        path = volumes.data_path(volume.name)
        used = ", ".join(users.get(volume.name, ())[:6])
        cost = f", and {used} can't start" if used else ""
        yield Finding(
            subject=Subject("volume", volume.name),
            message=f"_data of volume {volume.name[:40]} is {'not a directory' if volume.data_kind else 'missing'}: its data is not reachable{cost}",
            evidence=(Evidence(path, "not a directory" if volume.data_kind else "no such directory"),),
            detail=DataGone(path=path, is_mount_point=bool(volume.mount_type or volume.mount_device)),
            severity=None if used else Severity.WARNING,
        )
