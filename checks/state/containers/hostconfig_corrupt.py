"""A container's host config is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfHostConfig


@check(severity=Severity.ERROR, detail=OfHostConfig, breaks=("storage",), ok="each container's host config can be read")
def hostconfig_corrupt(containers: Containers) -> Iterator[Finding]:
    """A container's host config is damaged, so the container vanishes from the engine; its files are still there.

    What it looks at:
        ``hostconfig.json`` of each container whose config can be read: one JSON object.

    Why it matters:
        It holds restart policy, ports, mounts, limits, capabilities and the log driver. dockerd refuses to load the container.

    How it is fixed:
        From a whole temporary file that dockerd was about to rename, or from doctor's metadata backup of this very
        container. Otherwise doctor asks whether one will do that is rebuilt from what remains: mounts and networks in the
        container's config, ports that were published when it ran last, the engine's defaults. It shows what is known and what is assumed
        (limits, capabilities, devices are not recorded elsewhere); nothing in it opens more than the defaults do.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for broken, container in containers.without_host_config(is_missing=False):
        yield Finding(
            subject=Subject("container", container.title),
            message=f"container {container.title} has vanished for the engine: its host config is damaged",
            evidence=(Evidence(broken.path, broken.problem), *container.named_places),
            detail=OfHostConfig(path=broken.path, sibling=broken.sibling),
        )
