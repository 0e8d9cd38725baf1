"""A container's host config is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfHostConfig


@check(severity=Severity.ERROR, detail=OfHostConfig, breaks=("storage",), ok="each container's host config can be read")
def hostconfig_corrupt(containers: Containers) -> Iterator[Finding]:
    """A container's host config is corrupt, so the engine does not list the container; its files still exist.

    What it looks at:
        ``hostconfig.json`` of each container whose config can be read: it must be one JSON object.

    Why it matters:
        It has the container's restart policy, ports, mounts, limits, capabilities and log driver. dockerd refuses to load the
        container without it.

    How it is fixed:
        From a complete temporary file that dockerd was about to rename, or from this container's file in doctor's metadata
        backup. Otherwise doctor offers to rebuild it from the mounts and networks in the container's config, the ports that
        were published when it last ran, and the engine's defaults. It shows which values are known and which are assumed
        (limits, capabilities and devices are recorded nowhere else). No value grants more than the defaults do.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for broken, container in containers.without_host_config(is_missing=False):
        yield Finding(
            subject=Subject("container", container.title),
            message=f"the host config of container {container.title} is corrupt: the engine does not load the container",
            evidence=(Evidence(broken.path, broken.problem), *container.named_places),
            detail=OfHostConfig(path=broken.path, sibling=broken.sibling),
        )
