"""The network database is corrupt."""

from collections.abc import Iterator

from doctor.api import Finding, Message, Severity, Subject, check
from doctor.facts.databases.databases import NetworkDatabase, about
from doctor.facts.details import OfFile


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    stops_start=True,
    ok="the network database is valid",
    messages=(
        Message(
            pattern="(?:error obtaining controller instance|Error initializing network controller).*(?:invalid database|file size too small|checksum.*|version mismatch|freelist.*)",
            example="failed to start daemon: Error initializing network controller: error obtaining controller instance: invalid database",
            means="the network database is corrupt",
            do="let 'doctor fix' rebuild it",
        ),
        Message(
            pattern=r"\b(?:bbolt|boltdb/bolt)\.\(.*?(?:docker/libkv|libnetwork)\b\S*",
            example="goroutine 1 [running]: github.com/boltdb/bolt.(*freelist).free(0xc208504d80) github.com/docker/libkv/store/boltdb.(*BoltDB).AtomicDelete(0xc208858870)",
            means="dockerd ended while it read or wrote its network database, which is corrupt",
            do="let 'doctor fix' rebuild it",
        ),
    ),
)
def network_db_corrupt(database: NetworkDatabase) -> Iterator[Finding]:
    """The network database is corrupt, so the engine does not start.

    What it looks at:
        ``network/files/local-kv.db``, a bolt file, byte by byte: both meta pages, the newest tree down to its last page, and
        the list of free pages.

    Why it matters:
        dockerd fails with "error obtaining controller instance: invalid database", or panics on a page. The usual advice, to
        delete the file, removes every user network: their containers can't start ("network … not found").

    How it is fixed:
        A flipped bit in a meta page is found by the page's checksum and flipped back. If the free list is corrupt, or the
        newest tree is corrupt and an older one is valid, only the two meta pages are rewritten. Otherwise records are taken
        from valid pages and from doctor's metadata backup, and networks that containers use are rebuilt with their own IDs,
        from the containers' files, existing bridges of the kernel and the last addresses of containers. Values without any
        record are assumed, and the plan marks them. Labels and driver options of rebuilt networks are lost. A network that was
        not a bridge is not restored: the plan names it, and containers/network-missing remains.

    References:
        https://github.com/moby/moby/issues/43072
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
    """
    file = database.file
    if file.is_broken or file.is_rolled_back:
        yield Finding(
            subject=Subject("file", file.path),
            message="the network database is corrupt: the engine can't start"
            if file.is_broken
            else "the network database is corrupt: the engine uses the state before its last write, and a network or an endpoint may be outdated",
            evidence=about(file),
            severity=None if file.is_broken else Severity.ERROR,
            stops_start=file.is_broken,
            detail=OfFile(path=file.path),
        )
