"""An entry of a container's -init layer has the wrong type."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfContainer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.init_layers import InitLayers

_NEEDED = frozenset({"etc", "etc/hosts", "etc/hostname", "etc/resolv.conf", "proc", "sys", "dev"})


@check(
    severity=Severity.ERROR,
    detail=OfContainer,
    breaks=("storage",),
    ok="the entries of each container's -init layer have the right type",
)
def overlay2_init_wrong(inits: InitLayers, graph: LayerGraph) -> Iterator[Finding]:
    """An entry of a container's -init layer has the wrong type, such as a directory for a file, so the container can't start.

    What it looks at:
        The types of ``etc/hosts``, ``etc/hostname``, ``etc/resolv.conf`` and ``etc/mtab`` in the ``-init`` layer of each
        container. If one is wrong, also ``.dockerenv`` and the entries of ``dev``.

    Why it matters:
        The engine mounts the container's own hosts, hostname and resolv.conf over these files. Over a directory the start fails
        with "not a directory: Are you trying to mount a directory onto a file". The container's files are complete. A wrong
        ``mtab``, ``.dockerenv`` or entry of ``dev`` does not prevent a start and is only noted.

    How it is fixed:
        The wrong entry is moved to quarantine and recreated: the layer always has the same empty files, directories and one
        link, whatever the image.

    References:
        https://github.com/moby/moby/blob/v26.1.5/daemon/initlayer/setup_unix.go
    """
    for container_id, wrong in inits.wrong.items():
        record = graph.layers.mounts[container_id]
        title = graph.container_title(container_id)
        entry, kind = min(wrong.items(), key=lambda item: (item[0] not in _NEEDED, item[0]))
        consequence = "the container can't start" if entry in _NEEDED else "the container still starts"
        yield Finding(
            subject=Subject("container", title),
            message=f"{entry} in the -init layer of container {title} is {kind}: {consequence}",
            evidence=tuple(
                Evidence(
                    graph.layers.directory_path(docker.init_layer(record.mount_id), f"{docker.DIFF}/{entry}"), found
                )
                for entry, found in wrong.items()
            ),
            detail=OfContainer(container_id=container_id),
            severity=None if entry in _NEEDED else Severity.INFO,
        )
