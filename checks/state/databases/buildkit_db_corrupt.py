"""A database of the build cache is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import BuildkitDatabases
from doctor.facts.databases.details import BuildCacheBroken


@check(
    severity=Severity.CRITICAL,
    detail=BuildCacheBroken,
    stops_start=True,
    ok="the databases of the build cache are valid",
    messages=(
        Message(
            pattern=r"failed to open database file \S*buildkit\S*.*|error initializing buildkit.*",
            example="failed to start daemon: error initializing buildkit: failed to open database file /var/lib/docker/buildkit/cache.db: invalid database",
            means="the databases of the build cache are corrupt",
            do="let 'doctor fix' set them aside; only the cache is lost",
        ),
    ),
)
def buildkit_db_corrupt(databases: BuildkitDatabases) -> Iterator[Finding]:
    """A database of the build cache is corrupt, so the engine does not start.

    What it looks at:
        The five bolt files in ``buildkit/``, byte by byte: meta pages, the newest tree, the list of free pages; and each value
        in ``metadata_v2.db``, which the engine decodes at its start.

    Why it matters:
        dockerd fails with "failed to open database file", or for two of the files only with "invalid database" and no path. The
        files hold only cache: built images are not affected.

    How it is fixed:
        A value with one flipped bit is corrected if only one bit explains it. If the free list is corrupt, or the newest tree
        is corrupt and an older one is valid, only the two meta pages are rewritten. Otherwise all of ``buildkit/`` is moved to
        quarantine, since its files refer to each other: the build cache is lost, and a prune no longer frees its directories in
        ``overlay2``.

    References:
        https://github.com/etcd-io/bbolt/blob/v1.3.10/db.go
        https://github.com/moby/moby/blob/v26.1.5/builder/builder-next/controller.go
    """
    broken = databases.broken()
    if broken or databases.flawed:
        names = ", ".join(file.path.rpartition("/")[2] for file in broken)
        records = tuple(f"{key.decode('utf-8', 'replace')} can't be decoded" for key, _ in databases.flawed[:4])
        yield Finding(
            subject=Subject("directory", databases.directory),
            message=f"{names} of the build cache can't be opened: the engine can't start"
            if broken
            else "a record in metadata_v2.db of the build cache can't be decoded: the engine can't start",
            evidence=(
                *(Evidence(file.path, file.problem) for file in broken),
                *(Evidence(databases.files[docker.BUILDKIT_METADATA].path, text) for text in records),
            ),
            detail=BuildCacheBroken(
                directory=databases.directory,
                files=tuple((file.path, bool(file.remedy)) for file in broken),
                records=databases.flawed,
            ),
        )
