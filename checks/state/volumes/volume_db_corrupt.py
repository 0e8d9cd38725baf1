"""The volume database is corrupt."""

from collections.abc import Iterator

from doctor.api import Finding, Message, Severity, Subject, check
from doctor.facts.databases.databases import VolumeDatabase, about
from doctor.facts.details import OfFile


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    breaks=("storage",),
    stops_start=True,
    ok="the volume database is valid",
    messages=(
        Message(
            pattern="error while opening volume store metadata database",
            example="failed to start daemon: error while opening volume store metadata database: invalid database",
            means="the volume database can't be opened",
            do="let 'doctor fix' rebuild it",
            also=("state/database-locked",),
        ),
    ),
)
def volume_db_corrupt(database: VolumeDatabase) -> Iterator[Finding]:
    """The volume database is corrupt, so the engine does not start; the volumes' data is not in it.

    What it looks at:
        ``volumes/metadata.db``, a bolt file, byte by byte: both meta pages, the newest tree, the list of free pages.

    Why it matters:
        dockerd fails with "error while opening volume store metadata database". The file has only labels and options of
        volumes; the data is in their directories.

    How it is fixed:
        A flipped bit in a meta page is found by the page's checksum and flipped back. If the free list is corrupt, or the
        newest tree is corrupt and an older one is valid, only the two meta pages are rewritten. Otherwise a new database gets
        the records on valid pages, those in doctor's metadata backup, and for other volumes a record from their directory and
        ``opts.json``; labels of these are lost.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    file = database.file
    if file.is_broken or file.is_rolled_back:
        yield Finding(
            subject=Subject("file", file.path),
            message="the volume database is corrupt: the engine can't start"
            if file.is_broken
            else "the volume database is corrupt: the engine uses the state before its last write, and a volume may have old labels and options, or none",
            evidence=about(file),
            severity=None if file.is_broken else Severity.ERROR,
            stops_start=file.is_broken,
            detail=OfFile(path=file.path),
        )
