"""A container's host config is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfHostConfig


@check(severity=Severity.ERROR, detail=OfHostConfig, breaks=("storage",), ok="each container has its host config")
def hostconfig_missing(containers: Containers) -> Iterator[Finding]:
    """A container's host config is gone, so the engine loads it with an empty one: no ports, no limits, no restart policy.

    What it looks at:
        Whether ``hostconfig.json`` is there for each container whose config can be read.

    Why it matters:
        Worse than a damaged one: the container is listed as if nothing had happened, its start fails with "no log driver
        named ''", and the next change of its state writes the empty host config to disk.

    How it is fixed:
        From a whole temporary file that dockerd was about to rename, or from doctor's metadata backup of this very
        container, before the engine runs. Otherwise doctor asks whether one will do that is rebuilt from what remains: mounts and networks in the
        container's config, ports that were published when it ran last, the engine's defaults. It shows what is known and what is assumed
        (limits, capabilities, devices are not recorded elsewhere); nothing in it opens more than the defaults do.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for broken, container in containers.without_host_config(is_missing=True):
        yield Finding(
            subject=Subject("container", container.title),
            message=f"container {container.title} lost its ports, limits and restart policy: its host config is missing",
            evidence=(Evidence(broken.path, broken.problem), *container.named_places),
            detail=OfHostConfig(path=broken.path, sibling=broken.sibling),
        )
