"""A container's writable layer exists, but no record refers to it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.containers.lost import LostContainers
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.WARNING, detail=OfDirectory, ok="each writable layer belongs to a container")
def container_layer_orphan(
    leftovers: Leftovers, graph: LayerGraph, containers: LostContainers | Missing
) -> Iterator[Finding]:
    """The files of a container exist, but no record refers to them, so no command reaches or frees them.

    What it looks at:
        Directories of ``overlay2`` with an ``-init`` beside them, as only containers have, that no mount record names and that
        are not mounted. Not reported are directories that may belong to a container without its mount record, and those whose
        container is known from doctor's metadata backup.

    Why it matters:
        It is the last copy of the files that the container wrote outside volumes. ``docker rm`` removes the files before the
        record, so it is not the cause: the record was lost. A directory without any file is only noted.

    How it is fixed:
        Manually: it is user data, and doctor never removes it. Copy the files that you need from the ``diff`` in the evidence
        (``cp -a`` or ``tar --xattrs``), together with the image from ``doctor salvage``. In it, a character device 0/0
        represents a file that the container deleted.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    known = {one.layer for one in containers.items} if isinstance(containers, LostContainers) else set()
    for lost in leftovers.lost_layers:
        if graph.layers.diff_path(lost.directory) in known:
            continue
        below = f" created from {graph.directory_title(lost.below)}" if lost.below else ""
        what = "the files of an unknown container" if lost.has_files else "an empty writable layer"
        yield Finding(
            subject=Subject("layer-directory", lost.directory[:12]),
            message=f"overlay2/{lost.directory[:12]} has {what}{below}: no record refers to it, so no command reaches or frees it",
            evidence=(
                Evidence(graph.layers.diff_path(lost.directory), "files" if lost.has_files else "empty"),
                Evidence(f"{graph.layers.store}/{docker.MOUNT_RECORDS}", "no record names it"),
            ),
            detail=OfDirectory(directory=lost.directory),
            severity=None if lost.has_files else Severity.INFO,
        )
