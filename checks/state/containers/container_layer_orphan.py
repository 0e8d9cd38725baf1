"""What a container wrote is there, and nothing knows the container any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.lost import LostContainers
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.WARNING, detail=OfDirectory, ok="each container's layer belongs to a container")
def container_layer_orphan(
    leftovers: Leftovers, graph: LayerGraph, containers: LostContainers | Missing
) -> Iterator[Finding]:
    """The files that a container wrote are there, but no record says whose they are, so no command reaches or frees them.

    What it looks at:
        Directories of ``overlay2`` with an ``-init`` beside them, as only containers have, that no mount record names and
        that are not mounted. While a container lacks its mount record, directories that may be its own are left out, and so
        are those of which doctor's metadata backup says whose they are.

    Why it matters:
        It is the last copy of what the container wrote outside of volumes. ``docker rm`` removes the files before the record,
        so it does not leave this: the record was lost. A directory without any file is only noted.

    How it is fixed:
        By hand: it is user data, and never removed. Copy what you need from the ``diff`` that the evidence names (``cp -a``
        or ``tar --xattrs``), together with the image from ``doctor salvage``; a character device 0/0 in it stands for a file
        that the container deleted.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    known = {one.layer for one in containers.items} if isinstance(containers, LostContainers) else set()
    for lost in leftovers.lost_layers:
        if graph.layers.directory_path(lost.directory, "diff") in known:
            continue
        below = f", made from {graph.directory_title(lost.below)}" if lost.below else ""
        what = "the files of a container that nothing knows any more" if lost.has_files else "an empty container layer"
        yield Finding(
            subject=Subject("layer-directory", lost.directory[:12]),
            message=f"overlay2/{lost.directory[:12]} holds {what}{below}: no command reaches or frees it",
            evidence=(
                Evidence(graph.layers.directory_path(lost.directory, "diff"), "files" if lost.has_files else "empty"),
                Evidence(f"{graph.layers.layerdb}/mounts", "no record names it"),
            ),
            detail=OfDirectory(directory=lost.directory),
            severity=None if lost.has_files else Severity.INFO,
        )
