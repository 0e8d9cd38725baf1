"""A container runs with all privileges."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers


@check(severity=Severity.INFO, security=True, ok="no container runs with all privileges")
def privileged_container(containers: Containers) -> Iterator[Finding]:
    """A container is privileged, so root in the container is root on the host.

    What it looks at:
        ``Privileged`` of each container's hostconfig.json.

    Why it matters:
        It has all capabilities and all devices, without a seccomp or AppArmor profile: it can load kernel modules and mount the
        host's disks.

    How it is fixed:
        Manually: give the container only the capabilities and devices that it needs.

    References:
        https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
    """
    for container in containers.items:
        if container.host is not None and container.host.privileged:
            yield Finding(
                subject=Subject("container", container.title),
                message=f"container {container.title} is privileged: its root is root on this host",
                evidence=(Evidence(container.host_config_path, "Privileged: true"),),
            )
