"""The network database is damaged."""

from collections.abc import Iterator

from doctor.api import Finding, Severity, Subject, check
from doctor.facts.databases.databases import NetworkDatabase, about
from doctor.facts.details import OfFile


@check(severity=Severity.CRITICAL, detail=OfFile, stops_start=True, ok="the network database is whole")
def network_db_corrupt(database: NetworkDatabase) -> Iterator[Finding]:
    """The network database is damaged, so the engine does not start.

    What it looks at:
        ``network/files/local-kv.db``, a bolt file, read byte by byte: both meta pages, the newest tree down to its last
        page, and the list of free pages.

    Why it matters:
        dockerd ends with "error obtaining controller instance: invalid database", or panics on a page. Deleting the file,
        the usual advice, removes every user network: the containers in them stay down with "network … not found".

    How it is fixed:
        A meta page with one flipped bit is known by its checksum, and the bit is flipped back. A damaged free list, or a newest tree with a whole older one behind it, is mended by the two meta pages alone. If
        neither is whole, records are taken from the pages that are and from doctor's metadata backup, and networks that
        containers name are put together, with their own ids: from what the containers' files, bridges that the kernel still has and the
        last addresses of containers record; what nothing records is assumed, and the plan marks it so. Labels and driver options of those are
        lost. A network that was no bridge is not brought back: the plan names it, and containers/network-missing stays.

    References:
        https://github.com/moby/moby/issues/43072
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    file = database.file
    if file.is_broken or file.is_rolled_back:
        yield Finding(
            subject=Subject("file", file.path),
            message="the engine can't start: its network database is damaged"
            if file.is_broken
            else "the network database is damaged: the engine falls back to the state before its last write, and a network or an endpoint may be out of date",
            evidence=about(file),
            severity=None if file.is_broken else Severity.ERROR,
            stops_start=file.is_broken,
            detail=OfFile(path=file.path),
        )
