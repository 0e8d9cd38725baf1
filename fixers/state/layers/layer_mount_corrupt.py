"""Rebuild a container's mount record."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.backup.files import KeptMount, MetadataBackup
from doctor.facts.details import OfMount
from doctor.facts.layers.candidates import DirectoryClues
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_mount_corrupt(
    detail: OfMount, graph: LayerGraph, clues: DirectoryClues, backup: MetadataBackup | Missing
) -> Iterator[Action]:
    """Write the computed values, with the only possible layer directory, the one in the backup, or the chosen one."""
    container_id, files = detail.container_id, detail.files
    title = graph.container_title(container_id)
    record = graph.layers.mounts.get(container_id)
    mount = record.mount_id if record is not None and docker.MOUNT_ID not in files else graph.mount_of(container_id)
    kept = backup.mounts.get(container_id) if isinstance(backup, MetadataBackup) else None
    origin = ""
    if not mount and kept is not None and isinstance(backup, MetadataBackup) and _is_free(container_id, graph, kept):
        mount = kept.mount_id
        origin = f" (with the directory from the backup {backup.age})"
    if mount:
        below = kept.parent if kept is not None and kept.mount_id == mount else ""
        yield _rebuild(graph, detail, mount, origin, below)
        return
    candidates = graph.mount_candidates(container_id)
    if not candidates:
        yield Advise(
            text=f"restore the layer directory of container {title} from a backup with cp -a: no unused directory exists; otherwise"
            f" the files that it wrote are gone: docker rm {title}, and create it again"
        )
        return
    container = graph.containers.get(container_id)
    made = container.created[:19].replace("T", " ") if container is not None else "at an unknown time"
    yield Choose(
        question=f"which layer directory belongs to container {title} (created {made} UTC)",
        options=tuple(
            Choosable(
                name=name,
                evidence=clues.evidence(graph, name),
                actions=(_rebuild(graph, detail, name, " (with the chosen directory)"),),
                takes=f"layer directory {name[:12]}",
            )
            for name in candidates
        ),
    )


def _rebuild(graph: LayerGraph, damage: OfMount, mount: str, origin: str, below: str = "") -> Rebuild:
    """Return the action that writes the damaged files of a container's mount record for the directory ``mount``.

    ``below`` is the digest of its parent layer in a backup, for a container whose image is lost as well.
    """
    container_id, files = damage.container_id, damage.files
    parent = graph.mount_parent(container_id)
    if parent is None:
        parent = below.removeprefix("sha256:")
    values = {docker.MOUNT_ID: mount}
    if graph.directory(docker.init_layer(mount)) is not None or docker.INIT_ID not in files:
        values[docker.INIT_ID] = docker.init_layer(mount)
    if parent:
        values[docker.PARENT] = f"sha256:{parent}"
    items = tuple(
        WantedPath(path=graph.layers.mount_path(container_id, name), node=File(content=text.encode()))
        for name, text in values.items()
        if name in files
    )
    return Rebuild(
        items=items,
        what=f"rebuild the mount record of container {graph.container_title(container_id)}: {', '.join(files)}{origin}",
        stage=Stage.MOUNTS,
    )


def _is_free(container_id: str, graph: LayerGraph, kept: KeptMount) -> bool:
    """Whether the directory that a backup names exists and belongs to no other container."""
    others = {record.mount_id for identity, record in graph.layers.mounts.items() if identity != container_id}
    return kept.mount_id in graph.layers.directories and kept.mount_id not in others
