"""A directory of the running engine is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.details import GoneDirectory
from doctor.facts.engine.directories import EngineDirectories


@check(
    severity=Severity.ERROR,
    detail=GoneDirectory,
    ok="the directories that the running engine writes to exist",
    messages=(
        Message(
            pattern=r"(?:open|stat|mkdir) \S+/tmp/(?:GetImageBlob|docker-(?:export|import)-|docker-builder)\d*\S*: no such file or directory|stat \S+/docker/tmp: no such file or directory",
            example="docker: open /var/lib/docker/tmp/GetImageBlob4135723857: no such file or directory.",
            means="the engine's directory for temporary files was deleted, or a disk was mounted over the data root, while the engine runs",
            do="let 'doctor fix' create it, or restart the engine; compare 'findmnt -T' of the path with the time of the engine's start",
            also=("storage/mount-over-data-root",),
        ),
        Message(
            pattern=r"symlink \.\./\w+(?:-init)?/diff \S+/overlay2/l/\S+: no such file or directory",
            example="docker: Error response from daemon: symlink ../e370a1cc2bf6-init/diff /var/lib/docker/overlay2/l/DE2KP3LUKJVTPZA2COPW75UB57: no such file or directory.",
            means="the directory of short links, overlay2/l, was deleted while the engine runs, often with the layers beside it",
            do="look with 'doctor scan' at what else is missing; a restart of the engine creates the directory",
            also=("state/overlay2-link-broken", "state/overlay2-layer-missing", "state/overlay2-root-missing"),
        ),
    ),
)
def directory_missing(directories: EngineDirectories) -> Iterator[Finding]:
    """A directory that the engine creates only at its start is missing, so commands fail until its next start.

    What it looks at:
        While the engine runs: ``tmp`` (or what ``DOCKER_TMPDIR`` names), ``containers``, ``plugins``, ``plugins/tmp``,
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
