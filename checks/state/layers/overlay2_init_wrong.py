"""An entry of a container's -init layer is of another kind than the engine made it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfContainer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.init_layers import InitLayers

_NEEDED = frozenset({"etc", "etc/hosts", "etc/hostname", "etc/resolv.conf", "proc", "sys", "dev"})


@check(
    severity=Severity.ERROR,
    detail=OfContainer,
    breaks=("storage",),
    ok="each container's -init layer holds what the engine put there",
)
def overlay2_init_wrong(inits: InitLayers, graph: LayerGraph) -> Iterator[Finding]:
    """A directory lies where the engine made a file in the layer below a container's own files, so it can't start.

    What it looks at:
        The kinds of ``etc/hosts``, ``etc/hostname``, ``etc/resolv.conf`` and ``etc/mtab`` in the ``-init`` layer of each
        container; where one is wrong, also ``.dockerenv`` and the entries of ``dev``.

    Why it matters:
        The engine mounts the container's own hosts, hostname and resolv.conf over these files. Over a directory the start
        ends with "not a directory: Are you trying to mount a directory onto a file". The container's files are all there. A
        wrong ``mtab``, ``.dockerenv`` or entry of ``dev`` keeps nothing from starting and is only noted.

    How it is fixed:
        What is wrong goes into quarantine and the entry is made again: these are always the same empty files, directories
        and one link, whatever the image.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/initlayer/setup_unix.go
    """
    for container_id, wrong in inits.wrong.items():
        record = graph.layers.mounts[container_id]
        title = graph.container_title(container_id)
        entry, kind = min(wrong.items(), key=lambda item: (item[0] not in _NEEDED, item[0]))
        consequence = "can't start" if entry in _NEEDED else "starts with a difference"
        yield Finding(
            subject=Subject("container", title),
            message=f"container {title} {consequence}: {kind} lies where the engine made {entry} for it",
            evidence=tuple(
                Evidence(graph.layers.directory_path(f"{record.mount_id}-init", f"diff/{entry}"), found)
                for entry, found in wrong.items()
            ),
            detail=OfContainer(container_id=container_id),
            severity=None if entry in _NEEDED else Severity.INFO,
        )
