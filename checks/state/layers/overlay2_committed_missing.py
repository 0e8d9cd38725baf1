"""A layer that others stand on is not marked as finished."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.INFO, detail=OfDirectories, ok="layers that others stand on are marked as finished")
def overlay2_committed_missing(graph: LayerGraph) -> Iterator[Finding]:
    """Layers that others stand on lack the mark that they are finished, so the engine may mount one of them writable.

    What it looks at:
        The file ``committed`` in directories of ``overlay2`` that belong to an image and that another layer stands on. A
        root on which no directory has it was made by an engine before 20.10, and nothing is said. Something else of that
        name, as a directory, is an error.

    Why it matters:
        Without the mark dockerd mounts such a layer writable when it compares it with its parent. No failure is known from
        it; the mark is cheap and lets nothing alter an image's layer. With a directory in its place no new container can be
        made from the image ("rename …: file exists").

    How it is fixed:
        The empty file is made; what is in its place goes into quarantine.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    directories = graph.layers.directories
    below = frozenset(graph.parents.values())
    wanted = [name for name in graph.cache.values() if name in below]
    for chain, name in graph.cache.items():
        if directories[name].committed not in {"", "f"}:
            yield Finding(
                subject=Subject("layer-directory", name),
                message=f"no new container starts from images with {graph.title(chain)}: its mark of being finished is no file",
                evidence=(Evidence(graph.layers.directory_path(name, "committed"), "not a regular file"),),
                detail=OfDirectories(directories=(name,)),
                severity=Severity.ERROR,
            )
    lacking = tuple(sorted(name for name in wanted if not directories[name].committed))
    is_known = any(found.committed for found in directories.values())
    if lacking and (is_known or not directories):
        yield Finding(
            subject=Subject("directory", "overlay2"),
            message=f"{len(lacking)} layers of images are not marked as finished, so the engine may mount one writable",
            evidence=tuple(
                Evidence(graph.layers.directory_path(name, "committed"), "no such file") for name in lacking[:6]
            ),
            detail=OfDirectories(directories=lacking),
        )
