"""The volume database is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.databases.databases import VolumeDatabase
from doctor.facts.details import OfFile
from doctor.facts.volumes.volumes import Volumes
from doctor.model.text import plural


@check(severity=Severity.WARNING, detail=OfFile, ok="the volume database exists")
def volume_db_missing(database: VolumeDatabase, volumes: Volumes) -> Iterator[Finding]:
    """The volume database is missing or empty, so labels and options of all volumes are lost.

    What it looks at:
        Whether ``volumes/metadata.db`` is missing or of length 0 while volumes exist.

    Why it matters:
        The engine lists the volumes again from their directories, without labels. Tools that select by label, such as Compose,
        don't find their volumes, and anonymous volumes count as named ones, so that a prune handles them differently.

    How it is fixed:
        A database is written with a record for each volume, from doctor's metadata backup. Other volumes get the options in
        their ``opts.json``, and anonymous ones the engine's own label. Other labels are recorded nowhere else.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
    """
    if volumes.items and database.file.is_lost:
        is_empty = database.file.status == "empty"
        yield Finding(
            subject=Subject("file", database.file.path),
            message=f"the volume database is {'empty' if is_empty else 'missing'}: labels and options of {plural(len(volumes.items), 'volume')} "
            "are lost",
            evidence=(
                Evidence(database.file.path, "empty file" if is_empty else "no such file"),
                Evidence("volumes", ", ".join(name[:20] for name in list(volumes.items)[:6])),
            ),
            detail=OfFile(path=database.file.path),
        )
