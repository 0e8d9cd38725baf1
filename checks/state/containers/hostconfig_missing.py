"""A container's host config is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfHostConfig


@check(severity=Severity.ERROR, detail=OfHostConfig, breaks=("storage",), ok="each container has its host config")
def hostconfig_missing(containers: Containers) -> Iterator[Finding]:
    """A container's host config is missing, so the engine uses an empty one: no ports, no limits, no restart policy.

    What it looks at:
        Whether ``hostconfig.json`` exists for each container whose config can be read.

    Why it matters:
        This is worse than a corrupt file: the container is listed as usual, its start fails with "no log driver named ''", and
        the next change of its state writes the empty host config to disk.

    How it is fixed:
        From a complete temporary file that dockerd was about to rename, or from this container's file in doctor's metadata
        backup, before the engine runs. Otherwise doctor offers to rebuild it from the mounts and networks in the container's
        config, the ports that were published when it last ran, and the engine's defaults. It shows which values are known and
        which are assumed (limits, capabilities and devices are recorded nowhere else). No value grants more than the defaults
        do.

    References:
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    for broken, container in containers.without_host_config(is_missing=True):
        yield Finding(
            subject=Subject("container", container.title),
            message=f"the host config of container {container.title} is missing: the engine loads it without ports, limits and restart policy",
            evidence=(Evidence(broken.path, broken.problem), *container.named_places),
            detail=OfHostConfig(path=broken.path, sibling=broken.sibling),
        )
