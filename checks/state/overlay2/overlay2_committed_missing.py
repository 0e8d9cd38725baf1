"""A layer with layers above it is not marked as finished."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import plural


@check(severity=Severity.INFO, detail=OfDirectories, ok="layers with other layers above them are marked as finished")
def overlay2_committed_missing(graph: LayerGraph) -> Iterator[Finding]:
    """Image layers with other layers above them are not marked as finished, so the engine may mount one writable.

    What it looks at:
        The file ``committed`` in directories of ``overlay2`` that belong to an image and have layers above them. If no
        directory has the file, an engine before 20.10 created the data root, and nothing is reported. If ``committed`` is not a
        regular file (a directory, for example), that is an error.

    Why it matters:
        Without the mark dockerd mounts such a layer writable when it compares the layer with its parent. No failure is known,
        but the mark protects an image's layer from changes. If a directory has its name, no container can be created from the
        image ("rename …: file exists").

    How it is fixed:
        The empty file is created. An entry that has its name is moved to quarantine.

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
                message=f"'committed' of {graph.title(chain)} is not a file: no new container starts from images with this layer",
                evidence=(Evidence(graph.layers.directory_path(name, docker.COMMITTED), "not a regular file"),),
                detail=OfDirectories(directories=(name,)),
                severity=Severity.ERROR,
            )
    lacking = tuple(sorted(name for name in wanted if not directories[name].committed))
    is_known = any(found.committed for found in directories.values())
    if lacking and (is_known or not directories):
        yield Finding(
            subject=Subject("directory", docker.OVERLAY2),
            message=f"{plural(len(lacking), 'image layer')} {'is' if len(lacking) == 1 else 'are'} not marked as finished: the engine may mount "
            f"{'it' if len(lacking) == 1 else 'one'} writable",
            evidence=tuple(
                Evidence(graph.layers.directory_path(name, docker.COMMITTED), "no such file") for name in lacking[:6]
            ),
            detail=OfDirectories(directories=lacking),
        )
