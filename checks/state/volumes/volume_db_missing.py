"""The volume database is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.details import OfFile
from doctor.facts.volumes.volumes import Volumes


@check(severity=Severity.WARNING, detail=OfFile, ok="the volume database is there")
def volume_db_missing(database: VolumeDatabase, volumes: Volumes) -> Iterator[Finding]:
    """The volume database is gone or empty, so labels and options of all volumes are lost and a prune spares or takes others.

    What it looks at:
        Whether ``volumes/metadata.db`` is missing or has no bytes while there are volumes.

    Why it matters:
        The engine lists the volumes again from their directories, without labels. Tools that go by labels, Compose among
        them, no longer know theirs, and anonymous volumes count as named ones.

    How it is fixed:
        A database is written with a record for each volume: that of doctor's metadata backup, else options from its
        ``opts.json`` and the engine's own label for anonymous ones. Other labels are nowhere else.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
    """
    if volumes.items and database.file.is_lost:
        is_empty = database.file.status == "empty"
        yield Finding(
            subject=Subject("file", database.file.path),
            message=f"labels and options of {len(volumes.items)} volumes are lost: the volume database is "
            + ("empty" if is_empty else "gone"),
            evidence=(
                Evidence(database.file.path, "no bytes" if is_empty else "no such file"),
                Evidence("volumes", ", ".join(name[:20] for name in list(volumes.items)[:6])),
            ),
            detail=OfFile(path=database.file.path),
        )
