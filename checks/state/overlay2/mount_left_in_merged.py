"""A wrong file system is mounted at a container's mount point."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.mounts import Mounts
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.merged_mounts import WrongMount, wrong_mounts


@check(
    severity=Severity.ERROR,
    detail=WrongMount,
    breaks=("storage",),
    ok="only a container's own layers are mounted at its mount point",
)
def mount_left_in_merged(mounts: Mounts, graph: LayerGraph) -> Iterator[Finding]:
    """A wrong file system or wrong layers are mounted at a container's mount point, and the engine uses that mount.

    What it looks at:
        Mounts at ``overlay2/ID/merged``. The file system must be an overlay, its lower directories those that are computed from
        the container's image, and its upper directory the container's own ``diff``. If the place of a layer is unknown, or a
        short link in the options can't be resolved, nothing is reported. A mount of the right layers is not a problem, whoever
        mounted it.

    Why it matters:
        dockerd uses a mount that already exists: the container starts with the files of other layers, and its writes go
        elsewhere. ``docker rm`` then succeeds and hides the fault.

    How it is fixed:
        The wrong overlay is unmounted while the engine is stopped. The engine mounts the right one when the container starts.
        The administrator must unmount any other file system: its content may exist nowhere else.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/counter.go
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for wrong in wrong_mounts(mounts, graph):
        title = graph.directory_title(wrong.directory)
        yield Finding(
            subject=Subject("layer-directory", wrong.directory[:12]),
            message=f"a wrong mount covers {title}: {wrong.problem}; the engine uses this mount",
            evidence=(Evidence("/proc/self/mountinfo", f"{wrong.path}: {wrong.shown}"), *_expected(graph, wrong)),
            detail=wrong,
        )


def _expected(graph: LayerGraph, wrong: WrongMount) -> tuple[Evidence, ...]:
    below = graph.lowers.get(wrong.directory)
    if not below:
        return ()
    return (Evidence("expected lower directories", ":".join(f"l/{name}" for name in below)),)
