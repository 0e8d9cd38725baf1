"""A container's config is corrupt or missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.containers.details import ConfigDamaged
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=ConfigDamaged,
    breaks=("storage",),
    ok="each container's config can be read",
    messages=(
        Message(
            pattern="failed to load container [0-9a-f]+.*|Container [0-9a-f]+ is stored at",
            example="failed to load container 4c01db0b339c: unexpected end of JSON input",
            means="the configuration of a container is corrupt, so the container is not listed",
            do="let 'doctor fix' restore it",
            also=("state/hostconfig-corrupt",),
        ),
    ),
)
def container_config_corrupt(containers: Containers, graph: LayerGraph | Missing) -> Iterator[Finding]:
    """A container's config is corrupt or missing, so the engine does not list the container; its files still exist.

    What it looks at:
        ``config.v2.json`` in each directory of ``containers``: one JSON object with the ID of the container that owns the
        directory. Bytes after the object are ignored, as dockerd ignores them. So is an empty directory without a mount record.

    Why it matters:
        dockerd logs "failed to load container" and does not list the container. Its name, address and ports are free for
        others, ``docker volume prune`` may remove its anonymous volumes, and nothing frees its files.

    How it is fixed:
        From a complete temporary file that dockerd was about to rename, or from doctor's metadata backup: the container then
        has the state of the last healthy scan. Otherwise manually: environment, command and labels are stored nowhere else, and
        doctor does not guess them. The evidence names the directory with the container's files.

    References:
        https://github.com/moby/moby/issues/24971
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    mounts = graph.layers.mounts if isinstance(graph, LayerGraph) else {}
    for broken in containers.broken:
        mount = mounts.get(broken.container_id)
        if broken.file != docker.CONTAINER_CONFIG or (broken.is_missing and mount is None):
            continue
        layer = ""
        if isinstance(graph, LayerGraph) and mount is not None and mount.mount_id:
            layer = graph.layers.diff_path(mount.mount_id)
        where = (Evidence("the files it wrote", layer),) if layer else ()
        yield Finding(
            subject=Subject("container", broken.container_id[:12]),
            message=f"the config of container {broken.container_id[:12]} is {'missing' if broken.is_missing else 'corrupt'}: the engine does "
            "not load the container",
            evidence=(Evidence(broken.path, broken.problem), *where),
            detail=ConfigDamaged(path=broken.path, sibling=broken.sibling, layer=layer),
        )
