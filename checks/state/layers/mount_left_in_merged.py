"""Something else is mounted where a container's file system belongs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.host.mounts import Mounts
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.merged_mounts import WrongMount, wrong_mounts


@check(
    severity=Severity.ERROR,
    detail=WrongMount,
    breaks=("storage",),
    ok="only their own layers are mounted as containers' file systems",
)
def mount_left_in_merged(mounts: Mounts, graph: LayerGraph) -> Iterator[Finding]:
    """Another file system, or one of other layers, is mounted where a container's belongs, and the engine uses what it finds.

    What it looks at:
        Mounts at ``overlay2/ID/merged``: the file system must be an overlay whose lower directories are those that follow
        from the container's image, and whose upper directory is its own ``diff``. Where a layer's place isn't known, or a
        short name in the options can't be told, nothing is said. A mount of the right layers is no problem, whoever left it.

    Why it matters:
        dockerd counts a mount that is already there as its own: the container starts with the files of other layers, and what
        it writes goes elsewhere. ``docker rm`` then succeeds and hides it.

    How it is fixed:
        The wrong overlay is unmounted while the engine is stopped; the engine mounts the right one when the container starts.
        Any other file system there is a person's: its content may be nowhere else.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/counter.go
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for wrong in wrong_mounts(mounts, graph):
        title = graph.directory_title(wrong.directory)
        yield Finding(
            subject=Subject("layer-directory", wrong.directory[:12]),
            message=f"{title} is covered by another mount, and the engine uses it: {wrong.problem}",
            evidence=(Evidence("/proc/self/mountinfo", f"{wrong.path}: {wrong.shown}"), *_expected(graph, wrong)),
            detail=wrong,
        )


def _expected(graph: LayerGraph, wrong: WrongMount) -> tuple[Evidence, ...]:
    below = graph.lowers.get(wrong.directory)
    if not below:
        return ()
    return (Evidence("lower directories it should have", ":".join(f"l/{name}" for name in below)),)
