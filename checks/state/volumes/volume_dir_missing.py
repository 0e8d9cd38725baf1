"""The directory of a volume is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.engine.state import EngineState
from doctor.facts.volumes.details import VolumeGone
from doctor.facts.volumes.volumes import Volumes


@check(
    severity=Severity.ERROR,
    detail=VolumeGone,
    breaks=("storage",),
    ok="each volume has its directory",
    messages=(
        Message(
            pattern=r"get \S+: no such volume|error while mounting volume \S+ .*no such file or directory",
            example="Error response from daemon: get pgdata: no such volume",
            means="the directory of a volume is missing; its file system may not be mounted",
            do="mount its file system before the engine starts",
            also=("state/volume-db-missing",),
        ),
    ),
)
def volume_dir_missing(
    volumes: Volumes, database: VolumeDatabase, containers: Containers | Missing, state: EngineState | Missing
) -> Iterator[Finding]:
    """A volume's directory is missing, so its containers don't start and the engine's next start drops its labels and options.

    What it looks at:
        Volumes of the local driver that ``volumes/metadata.db`` or a container names and that have no directory.

    Why it matters:
        Usually a file system is not mounted. At its start dockerd deletes the record of each volume without a directory, and
        containers that start then write into new, empty directories.

    How it is fixed:
        If the volume's options in the volume database mount its data from elsewhere, its directory is recreated. Other data
        must be found manually: mount its file system, look in lost+found or the old data root. Before the engine starts, doctor
        copies the volume database to /var/lib/doctor/aside; after a repair it reports which records the engine dropped.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/restore.go
    """
    users: dict[str, list[str]] = {}
    for container in containers.items if isinstance(containers, Containers) else ():
        for mount in container.mounts:
            if mount.kind == "volume" and mount.name and mount.driver in {"local", ""}:
                users.setdefault(mount.name, []).append(container.title)
    recorded = {record.name for record in database.records.values() if record.driver == "local"}
    is_down = not (isinstance(state, EngineState) and state.pid)
    for name in sorted((recorded | users.keys()) - volumes.items.keys()):
        used = ", ".join(users.get(name, ())[:6])
        cost = f", and {used} can't start" if used else ""
        yield Finding(
            subject=Subject("volume", name),
            message=f"the directory of volume {name[:40]} is missing: its data is not reachable{cost}",
            evidence=(
                Evidence(volumes.options_path(name).rpartition("/")[0], "no such directory"),
                Evidence(database.file.path, "names it" if name in recorded else "does not name it"),
            ),
            detail=VolumeGone(database=database.file.path, is_guarded=is_down and name in recorded),
            start_destroys=is_down and name in recorded,
        )
