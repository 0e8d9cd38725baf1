"""Rebuild a container's mount record."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.metadata_backup import MetadataBackup
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_mount_corrupt(finding: Finding, graph: LayerGraph, backup: MetadataBackup | Missing) -> Iterator[Action]:
    """Write the computed values, and the one directory that can be the container's; of several the one of the backup."""
    container_id, files = finding.detail.container_id, finding.detail.files
    title = graph.container_title(container_id)
    record = graph.layers.mounts.get(container_id)
    mount = record.mount_id if record is not None and "mount-id" not in files else graph.mount_of(container_id)
    origin = ""
    if not mount and isinstance(backup, MetadataBackup):
        mount = _kept(container_id, graph, backup)
        origin = f" (its directory from the backup of {backup.age} ago)" if mount else ""
    if not mount:
        candidates = graph.mount_candidates(container_id)
        yield Advise(
            text=f"find out which layer directory is container {title}'s: "
            + (
                f"{', '.join(name[:12] for name in candidates)} all stand on its image"
                if candidates
                else "none is left over"
            )
        )
        return
    parent = graph.mount_parent(container_id)
    values = {"mount-id": mount}
    if graph.directory(f"{mount}-init") is not None or "init-id" not in files:
        values["init-id"] = f"{mount}-init"
    if parent:
        values["parent"] = f"sha256:{parent}"
    items = tuple(
        Wanted(path=graph.layers.mount_path(container_id, name), node=File(content=text.encode()))
        for name, text in values.items()
        if name in files
    )
    yield Rebuild(
        items=items,
        what=f"rebuild the mount record of container {title}: {', '.join(files)}{origin}",
        stage=Stage.MOUNTS,
    )


def _kept(container_id: str, graph: LayerGraph, backup: MetadataBackup) -> str:
    """Return the directory that a backup names, where it is still there and no other container has it; else ""."""
    name = backup.mounts.get(container_id, "")
    others = {record.mount_id for identity, record in graph.layers.mounts.items() if identity != container_id}
    return name if name in graph.layers.directories and name not in others else ""
