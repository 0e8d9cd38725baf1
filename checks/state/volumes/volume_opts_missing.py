"""The options of a volume are missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.volumes.details import VolumeOptions
from doctor.facts.volumes.volumes import Volumes


@check(
    severity=Severity.ERROR,
    detail=VolumeOptions,
    breaks=("storage",),
    ok="each volume with options has its opts.json",
)
def volume_opts_missing(volumes: Volumes, database: VolumeDatabase) -> Iterator[Finding]:
    """A volume's mount options are missing, so an NFS, tmpfs or bind volume is now an empty local directory.

    What it looks at:
        Volumes of the local driver that have options in ``volumes/metadata.db`` but no ``opts.json``.

    Why it matters:
        ``docker volume inspect`` still shows the options, but nothing is mounted. An application starts on the empty directory
        and writes there; a database initializes itself again.

    How it is fixed:
        The file is written from the volume database. Files written meanwhile are below the mount point, in ``_data``.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/local/local.go
    """
    for record in database.records.values():
        volume = volumes.items.get(record.name)
        if volume is None or volume.options_status != "absent" or record.driver != "local" or not record.options:
            continue
        path = volumes.options_path(record.name)
        kind = record.options.get("type", "")
        yield Finding(
            subject=Subject("volume", record.name),
            message=f"the options of volume {record.name[:40]} are missing: it is an empty local directory instead of its {kind or 'own'} "
            "file system",
            evidence=(
                Evidence(path, "no such file"),
                Evidence(database.file.path, f"options: {', '.join(sorted(record.options))}"),
            ),
            detail=VolumeOptions(volume=record.name, path=path),
        )
