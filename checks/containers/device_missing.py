"""A container uses a device that the host does not have."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.facts.containers.needs import severity_of, titles


@check(
    severity=Severity.WARNING,
    ok="each container's devices exist",
    messages=(
        Message(
            pattern=r"error gathering device information while adding custom device \S+ (?!not a device).*",
            example='error gathering device information while adding custom device "/dev/ttyUSB0": no such file or directory',
            means="a device of the container does not exist on the host",
            do="attach the device, or remove it from the container's settings",
        ),
    ),
)
def device_missing(containers: Containers, sources: ContainerSources) -> Iterator[Finding]:
    """A container uses a device that the host does not have, so its next start fails.

    What it looks at:
        The paths of ``--device`` in each ``hostconfig.json``, on the running host.

    Why it matters:
        ``docker start`` fails with "error gathering device information". Usually the device was unplugged or got another name
        (ttyUSB0 becomes ttyUSB1), or its kernel module is not loaded.

    How it is fixed:
        Manually: plug it in, load its module, or use a link below /dev/serial/by-id or /dev/disk/by-id, whose names do not
        change.

    References:
        https://docs.docker.com/reference/cli/docker/container/run/#device
    """
    for path in sorted({path for paths in sources.devices.values() for path in paths}):
        users = [one for one in containers.items if path in sources.devices.get(one.id, ())]
        yield Finding(
            subject=Subject("device", path),
            message=f"device {path} does not exist: the next start of {titles(users)} fails",
            evidence=(Evidence(path, "no such file"), Evidence("containers that use it", titles(users))),
            severity=severity_of(users),
        )
