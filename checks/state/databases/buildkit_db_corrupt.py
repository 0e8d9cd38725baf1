"""A database of the build cache is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.databases.databases import BuildkitDatabases
from doctor.facts.databases.details import BuildCacheBroken


@check(
    severity=Severity.CRITICAL,
    detail=BuildCacheBroken,
    stops_start=True,
    ok="the databases of the build cache are whole",
)
def buildkit_db_corrupt(databases: BuildkitDatabases) -> Iterator[Finding]:
    """A database of the build cache is damaged, so the whole engine does not start.

    What it looks at:
        The five bolt files in ``buildkit/``, read byte by byte: meta pages, the newest tree, the list of free pages; and each
        value in ``metadata_v2.db``, which the engine decodes at its start.

    Why it matters:
        dockerd ends with "failed to open database file", or for two of them with only "invalid database" and no path. Nothing
        in them but cache: images that were built are not affected.

    How it is fixed:
        A value with one flipped bit gets it back where only one bit explains it. A damaged free list, or a newest tree with a whole older one behind it, is mended by the two meta pages alone.
        Otherwise all of ``buildkit/`` goes into quarantine together, since its files refer to each other: the build cache is
        lost, and its directories in ``overlay2`` are no longer freed by a prune.

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
            message=f"the engine can't start: the build cache's {names} can't be opened"
            if broken
            else "the engine can't start: a record of the build cache's metadata_v2.db can't be decoded",
            evidence=(
                *(Evidence(file.path, file.problem) for file in broken),
                *(Evidence(databases.files["metadata_v2.db"].path, text) for text in records),
            ),
            detail=BuildCacheBroken(
                directory=databases.directory,
                files=tuple((file.path, bool(file.remedy)) for file in broken),
                records=databases.flawed,
            ),
        )
