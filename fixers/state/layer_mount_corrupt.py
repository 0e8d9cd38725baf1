"""Rebuild a container's mount record."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Choose, Option, Rebuild, Stage, Wanted
from doctor.facts.candidates import DirectoryClues
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.metadata_backup import MetadataBackup
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_mount_corrupt(
    finding: Finding, graph: LayerGraph, clues: DirectoryClues, backup: MetadataBackup | Missing
) -> Iterator[Action]:
    """Write the computed values, and the one directory that can be the container's; of several the backup's, or the chosen."""
    container_id, files = finding.detail.container_id, finding.detail.files
    title = graph.container_title(container_id)
    record = graph.layers.mounts.get(container_id)
    mount = record.mount_id if record is not None and "mount-id" not in files else graph.mount_of(container_id)
    origin = ""
    if not mount and isinstance(backup, MetadataBackup):
        mount = _kept(container_id, graph, backup)
        origin = f" (its directory from the backup of {backup.age} ago)" if mount else ""
    if mount:
        yield _rebuild(graph, container_id, mount, files, origin)
        return
    candidates = graph.mount_candidates(container_id)
    if not candidates:
        yield Advise(text=f"find out which layer directory is container {title}'s: none is left over")
        return
    container = graph.containers.get(container_id)
    made = container.created[:19].replace("T", " ") if container is not None else "at an unknown time"
    yield Choose(
        question=f"which layer directory is container {title}'s (created {made} UTC)",
        options=tuple(
            Option(
                name=name,
                evidence=clues.evidence(graph, name),
                actions=(_rebuild(graph, container_id, name, files, " (its directory as chosen)"),),
                takes=f"layer directory {name[:12]}",
            )
            for name in candidates
        ),
    )


def _rebuild(graph: LayerGraph, container_id: str, mount: str, files: tuple[str, ...], origin: str) -> Rebuild:
    """Return what writes the damaged files of a container's mount record for the directory ``mount``."""
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
    return Rebuild(
        items=items,
        what=f"rebuild the mount record of container {graph.container_title(container_id)}: {', '.join(files)}{origin}",
        stage=Stage.MOUNTS,
    )


def _kept(container_id: str, graph: LayerGraph, backup: MetadataBackup) -> str:
    """Return the directory that a backup names, where it is still there and no other container has it; else ""."""
    name = backup.mounts.get(container_id, "")
    others = {record.mount_id for identity, record in graph.layers.mounts.items() if identity != container_id}
    return name if name in graph.layers.directories and name not in others else ""
