"""Directories of layers that nothing needs any more."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers

_SHOWN = 20


@check(
    severity=Severity.INFO,
    detail=OfDirectories,
    ok="each layer's directory belongs to an image, a container or the build cache",
)
def layer_orphan(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """Directories of layers that nothing refers to take space that no prune frees; nothing is broken.

    What it looks at:
        Directories of ``overlay2`` that are named like a layer's and that no layer record, mount record or half-removed
        record names, no ``lower`` of a directory in use leads to, no mount shows, and that BuildKit's databases do not hold.
        Nothing is said while anything that could name them is damaged: an image's config, a layer record, a mount record,
        a database of the build cache. Nor of what a running engine made itself: it may be a pull that goes on. A directory
        with an ``-init`` beside it is a container's data and never one of these.

    Why it matters:
        An interrupted pull, build or removal leaves them, and neither ``docker system prune`` nor a restart removes them.
        Entries with another name are listed too: the engine never made them.

    How it is fixed:
        With ``--allow destructive`` they go into doctor's quarantine, from which ``doctor undo`` brings them back; the space
        is free when that run is removed. Entries that no engine makes stay where they are.

    References:
        https://github.com/moby/moby/issues/45939
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    if leftovers.orphans:
        count = len(leftovers.orphans)
        yield Finding(
            subject=Subject("directory", "overlay2"),
            message=f"{count} layer {'directory' if count == 1 else 'directories'} of overlay2 take space for nothing: "
            "no image, no container and no build cache refers to them",
            evidence=_evidence(graph, leftovers.orphans, "nothing refers to it"),
            detail=OfDirectories(directories=leftovers.orphans),
        )
    for name in leftovers.foreign:
        yield Finding(
            subject=Subject("layer-directory", name),
            message=f"overlay2/{name} is no directory that the engine makes: it takes space and is ignored for ever",
            evidence=_evidence(graph, (name,), "not named like a layer"),
            detail=OfDirectories(directories=()),
        )


def _evidence(graph: LayerGraph, names: tuple[str, ...], value: str) -> tuple[Evidence, ...]:
    shown = tuple(Evidence(graph.layers.directory_path(name), value) for name in names[:_SHOWN])
    more = len(names) - len(shown)
    return (*shown, Evidence(graph.layers.overlay2, f"and {more} more")) if more else shown
