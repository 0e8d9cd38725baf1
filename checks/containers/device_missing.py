"""A container names a device that the host has not got."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import severity_of, titles


@check(severity=Severity.WARNING, ok="each container's devices are there")
def device_missing(containers: Containers, sources: ContainerSources) -> Iterator[Finding]:
    """A container names a device that the host has not got, so its next start fails.

    What it looks at:
        The paths given with ``--device`` in each ``hostconfig.json``, on the running host.

    Why it matters:
        ``docker start`` fails with "error gathering device information". The device was pulled out or got another name (ttyUSB0 becomes
        ttyUSB1), or its kernel module is not loaded.

    How it is fixed:
        By a person: plug it in, load its module, or name it by a link of /dev/serial/by-id or /dev/disk/by-id, which does not change.

    References:
        https://docs.docker.com/reference/cli/docker/container/run/#device
    """
    for path in sorted({path for paths in sources.devices.values() for path in paths}):
        users = [one for one in containers.items if path in sources.devices.get(one.id, ())]
        yield Finding(
            subject=Subject("device", path),
            message=f"the next start of {titles(users)} fails: device {path} is not there",
            evidence=(Evidence(path, "no such file"), Evidence("containers that name it", titles(users))),
            severity=severity_of(users),
        )
