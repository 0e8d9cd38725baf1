"""A directory of the running engine is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import GoneDirectory
from doctor.facts.engine.directories import EngineDirectories


@check(severity=Severity.ERROR, detail=GoneDirectory, ok="the directories that the running engine writes to exist")
def directory_missing(directories: EngineDirectories) -> Iterator[Finding]:
    """A directory that the engine creates only at its start is missing, so commands fail until its next start.

    What it looks at:
        While the engine runs: ``tmp`` (unless ``DOCKER_TMPDIR`` is set), ``containers``, ``plugins``, ``plugins/tmp``,
        ``buildkit/executor`` and ``buildkit/content/ingest`` of the data root, and the directories below the exec root
        (``/run/docker/containerd/ID``) with the pipes of running containers.

    Why it matters:
        A cleaner of temporary files, or a user's ``rm -rf`` to free space, removes them. Containers keep running, but
        ``docker save``, ``load``, ``pull``, builds or ``docker exec`` fail with "no such file or directory".

    How it is fixed:
        The directory is created empty with the engine's usual mode, while the engine runs. If another user owns the data root,
        doctor only advises.

    References:
        https://github.com/moby/moby/issues/22074
        https://github.com/moby/moby/issues/38275
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for one in directories.gone:
        yield Finding(
            subject=Subject("directory", one.path),
            message=f"{one.path} is missing, and the running engine does not recreate it: {one.breaks}",
            evidence=(Evidence(one.path, "no such directory"),),
            detail=one,
        )
