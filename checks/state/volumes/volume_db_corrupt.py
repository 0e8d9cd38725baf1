"""The volume database is damaged."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, Subject, check
from doctor.facts.databases.databases import VolumeDatabase, about
from doctor.facts.details import OfFile


@check(
    severity=Severity.CRITICAL, detail=OfFile, breaks=("storage",), stops_start=True, ok="the volume database is whole"
)
def volume_db_corrupt(database: VolumeDatabase) -> Iterator[Finding]:
    """The volume database is damaged, so the engine does not start; the volumes' data is not in it.

    What it looks at:
        ``volumes/metadata.db``, a bolt file, read byte by byte: both meta pages, the newest tree, the list of free pages.

    Why it matters:
        dockerd ends with "error while opening volume store metadata database". The file holds labels and options of volumes;
        the data lies in their directories.

    How it is fixed:
        A meta page with one flipped bit is known by its checksum, and the bit is flipped back. A damaged free list, or a newest tree with a whole older one behind it, is mended by the two meta pages alone. If
        neither is whole, a new database gets the records that some page still holds, those of doctor's metadata backup, and
        for the other volumes one made from their directory and ``opts.json``; labels of those are lost.

    References:
        https://github.com/moby/moby/blob/v26.1.5/volume/service/db.go
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    file = database.file
    if file.is_broken or file.is_rolled_back:
        yield Finding(
            subject=Subject("file", file.path),
            message="the engine can't start: its volume database is damaged"
            if file.is_broken
            else "the volume database is damaged: the engine falls back to the state before its last write, and a volume may have old labels and options, or none",
            evidence=about(file),
            severity=None if file.is_broken else Severity.ERROR,
            stops_start=file.is_broken,
            detail=OfFile(path=file.path),
        )
