"""The mount point of a layer is not empty."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfDirectory, ok="the mount points of unmounted layers are empty")
def overlay2_merged_leftover(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """The mount point of an unmounted layer has files, which the next mount hides and nothing ever removes.

    What it looks at:
        Whether ``merged`` is empty in the directories of ``overlay2`` where nothing is mounted.

    Why it matters:
        It does no harm to any container. Something wrote there while the container's file system was not mounted, for example a
        script or a restored backup. The author may miss the files: the container does not have them.

    How it is fixed:
        If the engine is down, the files are moved to quarantine. ``merged`` itself is never removed: when mounted, it is the
        container's root.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for name, entries in leftovers.merged.items():
        count = f"{len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
        shown = name[:12] + (docker.INIT_SUFFIX if name.endswith(docker.INIT_SUFFIX) else "")
        yield Finding(
            subject=Subject("layer-directory", shown),
            message=f"the mount point of {graph.directory_title(name)} has {count}: the next mount hides {'it' if len(entries) == 1 else 'them'}",
            evidence=(Evidence(graph.layers.directory_path(name, docker.MERGED), ", ".join(entries[:10])),),
            detail=OfDirectory(directory=name),
        )
