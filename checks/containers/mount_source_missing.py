"""A container mounts a path of the host that is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import severity_of, titles


@check(severity=Severity.WARNING, ok="each path that containers mount with --mount is there")
def mount_source_missing(containers: Containers, sources: ContainerSources) -> Iterator[Finding]:
    """A container mounts a path of the host that is gone, so its next start fails.

    What it looks at:
        The sources of bind mounts that were given with ``--mount`` (compose with the long form too), on the running host. The engine makes
        those of ``-v`` itself, so they are left out.

    Why it matters:
        ``docker start`` fails with "bind source path does not exist". Often a disk or a network share is not mounted.

    How it is fixed:
        By a person: what was there is the user's data. An empty directory would let the container start without it.

    References:
        https://docs.docker.com/engine/storage/bind-mounts/#differences-between--v-and---mount-behavior
    """
    for path in sorted({path for paths in sources.mounts.values() for path in paths}):
        users = [one for one in containers.items if path in sources.mounts.get(one.id, ())]
        yield Finding(
            subject=Subject("directory", path),
            message=f"the next start of {titles(users)} fails: {path}, which it mounts, is not there",
            evidence=(Evidence(path, "no such file or directory"), Evidence("containers that mount it", titles(users))),
            severity=severity_of(users),
        )
