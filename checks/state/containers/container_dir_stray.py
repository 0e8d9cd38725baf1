"""Something that is no container lies among the containers."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="only containers lie among the containers")
def container_dir_stray(leftovers: Leftovers) -> Iterator[Finding]:
    """Something that is no container lies among the containers; the engine logs an error for it at each start, no more.

    What it looks at:
        Entries of ``containers`` whose name is no container's id, and directories without a config whose id has no mount
        record either, so that no layer is theirs. They must be older than the running engine.

    Why it matters:
        Each start logs "failed to load container" for it. Nothing else happens.

    How it is fixed:
        An empty directory goes into quarantine while the engine is down. One with files in it, or a file, is a person's to
        look at.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for path, is_empty in leftovers.containers.items():
        name = path.rpartition("/")[2]
        shown = name[:12] if len(name) == len("0" * 64) else name
        yield Finding(
            subject=Subject("file", f"containers/{shown}"),
            message=f"containers/{shown} is no container; the engine logs an error for it at each start",
            evidence=(Evidence(path, "an empty directory" if is_empty else "not a container's files"),),
            detail=OfFile(path=path),
        )
