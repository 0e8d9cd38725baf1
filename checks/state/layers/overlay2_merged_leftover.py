"""Files lie where a layer is mounted."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfDirectory, ok="nothing lies beneath the mount points of layers")
def overlay2_merged_leftover(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """Files lie in the mount point of a layer that is not mounted; the next mount hides them, and nothing ever removes them.

    What it looks at:
        ``merged`` of the directories in ``overlay2`` at which nothing is mounted, and whether it is empty.

    Why it matters:
        It does no harm to any container. Something wrote there while the container's file system was not mounted (a script, a
        backup that was restored), and whoever wrote it may miss it: the container does not have these files.

    How it is fixed:
        While the engine is down they go into quarantine. ``merged`` itself is never removed: where it is mounted it is the
        whole container.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for name, entries in leftovers.merged.items():
        count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
        shown = name[:12] + ("-init" if name.endswith("-init") else "")
        yield Finding(
            subject=Subject("layer-directory", shown),
            message=f"{count} in the mount point of {graph.directory_title(name)} will be hidden by its next mount",
            evidence=(Evidence(graph.layers.directory_path(name, "merged"), ", ".join(entries[:10])),),
            detail=OfDirectory(directory=name),
        )
