"""A container's config is damaged or gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import CONFIG, Containers
from doctor.facts.containers.details import ConfigDamaged
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.ERROR, detail=ConfigDamaged, breaks=("storage",), ok="each container's config can be read")
def container_config_corrupt(containers: Containers, graph: LayerGraph | Missing) -> Iterator[Finding]:
    """A container's config is damaged or gone, so the container vanishes from the engine; its files are still there.

    What it looks at:
        ``config.v2.json`` of each directory in ``containers``: one JSON object that names the container of its directory.
        Bytes behind the object are no damage: dockerd does not read them. An empty directory without a mount record is none.

    Why it matters:
        dockerd logs "failed to load container" and lists one container less. Its name, its address and its ports are free
        again, ``docker volume prune`` may take its anonymous volumes, and nothing frees its files.

    How it is fixed:
        From a whole temporary file that dockerd was about to rename, or from doctor's metadata backup: the container is then
        as it was at the last healthy scan. Otherwise by hand: environment, command and labels are nowhere else, and doctor
        guesses none. The evidence names the directory with the container's files.

    References:
        https://github.com/moby/moby/issues/24971
        https://github.com/moby/moby/blob/v26.1.5/container/container.go
    """
    mounts = graph.layers.mounts if isinstance(graph, LayerGraph) else {}
    for broken in containers.broken:
        mount = mounts.get(broken.container_id)
        if broken.file != CONFIG or (broken.is_missing and mount is None):
            continue
        layer = ""
        if isinstance(graph, LayerGraph) and mount is not None and mount.mount_id:
            layer = graph.layers.directory_path(mount.mount_id, "diff")
        where = (Evidence("the files it wrote", layer),) if layer else ()
        yield Finding(
            subject=Subject("container", broken.container_id[:12]),
            message=f"container {broken.container_id[:12]} has vanished for the engine: its config is "
            f"{'missing' if broken.is_missing else 'damaged'}",
            evidence=(Evidence(broken.path, broken.problem), *where),
            detail=ConfigDamaged(path=broken.path, sibling=broken.sibling, layer=layer),
        )
