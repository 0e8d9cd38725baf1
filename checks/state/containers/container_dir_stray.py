"""An entry in the directory of containers is not a container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="the directory of containers has only containers")
def container_dir_stray(leftovers: Leftovers) -> Iterator[Finding]:
    """An entry in the directory of containers is not a container; the engine logs an error for it at each start.

    What it looks at:
        Entries of ``containers`` whose name is not a container ID, and directories without a config whose ID also has no mount
        record, so that no writable layer belongs to them. They must be older than the running engine.

    Why it matters:
        Each start logs "failed to load container" for it. There is no other consequence.

    How it is fixed:
        If the engine is down, an empty directory is moved to quarantine. The administrator must examine a file, or a directory
        with files.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for path, is_empty in leftovers.containers.items():
        name = path.rpartition("/")[2]
        shown = name[:12] if len(name) == len("0" * 64) else name
        yield Finding(
            subject=Subject("file", f"containers/{shown}"),
            message=f"containers/{shown} is not a container: the engine logs an error for it at each start",
            evidence=(Evidence(path, "empty directory" if is_empty else "not a container's files"),),
            detail=OfFile(path=path),
        )
