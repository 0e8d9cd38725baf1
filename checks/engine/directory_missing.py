"""A directory of the running engine is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import GoneDirectory
from doctor.facts.engine.directories import EngineDirectories


@check(
    severity=Severity.ERROR, detail=GoneDirectory, ok="the directories that the running engine writes into are there"
)
def directory_missing(directories: EngineDirectories) -> Iterator[Finding]:
    """A directory that the engine creates at its start only is gone, so what uses it fails until the next start.

    What it looks at:
        While the engine runs: ``tmp``, ``containers``, ``plugins``, ``plugins/tmp``, ``buildkit/executor`` and
        ``buildkit/content/ingest`` of the data root, unless ``DOCKER_TMPDIR`` stands for the first; and the directory below
        the exec root (``/run/docker/containerd/ID``) in which each running container's pipes are created.

    Why it matters:
        A cleaner of temporary files, or ``rm -rf`` by somebody who frees space, removes them. Containers go on running, and
        ``docker save``, ``load``, ``pull``, builds or ``docker exec`` fail with "no such file or directory".

    How it is fixed:
        It is created, empty, with the mode that the engine gives it, under the running engine. One of a data root that another user
        owns is created by a person.

    References:
        https://github.com/moby/moby/issues/22074
        https://github.com/moby/moby/issues/38275
        https://github.com/moby/moby/blob/v26.1.5/daemon/daemon.go
    """
    for one in directories.gone:
        yield Finding(
            subject=Subject("directory", one.path),
            message=f"{one.breaks}: {one.path} is gone, and the running engine does not create it again",
            evidence=(Evidence(one.path, "no such directory"),),
            detail=one,
        )
