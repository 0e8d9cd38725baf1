"""A container mounts a path of the host that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import severity_of, titles


@check(
    severity=Severity.WARNING,
    ok="each path that containers bind-mount (--mount, or by a volume) exists",
    messages=(
        Message(
            pattern=r"bind source path does not exist(?:: \S+)?|error while creating mount source path \S+ .*",
            example='invalid mount config for type "bind": bind source path does not exist: /srv/data',
            means="a path of the host that the container mounts does not exist or can't be created",
            do="mount its file system or create the path",
        ),
        Message(
            pattern=r"(?:error while mounting volume \S+ )?failed to mount local volume: mount [^,]+, flags: 0x1[0-9a-f]{3}: no such file or directory.*",
            example="error while mounting volume '/var/lib/docker/volumes/pgdata/_data': failed to mount local volume: mount ./db:/var/lib/docker/volumes/pgdata/_data, flags: 0x1000: no such file or directory",
            means="the volume binds a directory that does not exist: the device in its options, which must be an absolute path",
            do="create the directory; or, if the path is wrong: docker volume rm NAME, and create the volume with an absolute path",
        ),
    ),
)
def mount_source_missing(containers: Containers, sources: ContainerSources) -> Iterator[Finding]:
    """A container mounts a path of the host that does not exist, so its next start fails.

    What it looks at:
        The sources of bind mounts with ``--mount`` (or compose's long form), and the directories that volumes of the driver local
        bind (``o=bind``), on the running host. The engine creates the sources of ``-v`` itself, so they are not checked.

    Why it matters:
        ``docker start`` fails with "bind source path does not exist". Often a disk or a network share is not mounted.

    How it is fixed:
        Manually, because the path had the user's data. With an empty directory, the container would start without the data.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/#differences-between--v-and---mount-behavior
    """
    for path in sorted({path for paths in sources.mounts.values() for path in paths}):
        users = [one for one in containers.items if path in sources.mounts.get(one.id, ())]
        yield Finding(
            subject=Subject("directory", path),
            message=f"{path} does not exist: the next start of {titles(users)}, which mounts it, fails",
            evidence=(Evidence(path, "no such file or directory"), Evidence("containers that mount it", titles(users))),
            severity=severity_of(users),
        )
