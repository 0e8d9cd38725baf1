"""No layer record refers to a layer directory."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers

_SHOWN = 20


@check(
    severity=Severity.INFO,
    detail=OfDirectories,
    ok="each layer directory belongs to an image, a container or the build cache",
    messages=(
        Message(
            pattern=r"overlay2\b.{0,60}(?:can(?:no|')t be (?:cleaned|removed|freed)|cannot be cleaned|not (?:be )?(?:cleaned|freed|removed)|(?:keeps )?growing|takes? up|too (?:big|large)).*",
            example="overlay2 cannot be cleaned despite 0 containers / volumes / images",
            means="layer directories that no record names occupy space, and no prune frees them",
            do="let 'doctor fix' move them to quarantine; never delete in overlay2 by hand",
            also=("state/container-layer-orphan", "logging/unbounded", "resources/disk-full"),
            apart="the difference between 'docker system df' and 'du -xsh /var/lib/docker/*'",
        ),
    ),
)
def layer_orphan(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """Layer directories without any reference occupy space that no prune frees; nothing is broken.

    What it looks at:
        Directories in ``overlay2`` with the name of a layer directory to which nothing refers: no layer record, mount record or
        half-removed record, no ``lower`` of a directory in use, no mount, no database of BuildKit. None are reported while
        anything that could refer to them is corrupt: an image's config, a layer record, a mount record, a build cache database.
        Directories that a running engine created are not reported: they may belong to a current pull. A directory with an
        ``-init`` beside it holds a container's data and is never reported.

    Why it matters:
        An interrupted pull, build or removal leaves them, and neither ``docker system prune`` nor a restart removes them.
        If the engine lists no image and no container at all, its lists may have been lost, so nothing is moved then.
        Entries with other names are also listed: the engine did not create them.

    How it is fixed:
        With ``--allow destructive`` they are moved to doctor's quarantine, and ``doctor undo`` restores them. The space is
        freed by ``doctor quarantine purge --run RUN``. Entries that the engine did not create are left in place.

    References:
        https://github.com/moby/moby/issues/45939
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    if leftovers.orphans:
        count = len(leftovers.orphans)
        yield Finding(
            subject=Subject("directory", docker.OVERLAY2),
            message=f"{count} layer {'directory' if count == 1 else 'directories'} in overlay2 {'is' if count == 1 else 'are'} unused and only "
            f"{'occupies' if count == 1 else 'occupy'} space: no image, container or build cache refers to {'it' if count == 1 else 'them'}",
            evidence=_evidence(graph, leftovers.orphans, "nothing refers to it"),
            detail=OfDirectories(directories=leftovers.orphans),
        )
    if leftovers.undecided:
        count = len(leftovers.undecided)
        yield Finding(
            subject=Subject("directory", docker.OVERLAY2),
            message=f"{count} layer {'directory' if count == 1 else 'directories'} in overlay2 and no image at all: "
            "they only occupy space, unless the list of images was lost",
            evidence=_evidence(graph, leftovers.undecided, "nothing refers to it"),
            detail=OfDirectories(directories=()),
        )
    for name in leftovers.foreign:
        yield Finding(
            subject=Subject("layer-directory", name),
            message=f"overlay2/{name} was not created by the engine: it occupies space and the engine ignores it",
            evidence=_evidence(graph, (name,), "not the name of a layer directory"),
            detail=OfDirectories(directories=()),
        )


def _evidence(graph: LayerGraph, names: tuple[str, ...], value: str) -> tuple[Evidence, ...]:
    shown = tuple(Evidence(graph.layers.directory_path(name), value) for name in names[:_SHOWN])
    more = len(names) - len(shown)
    return (*shown, Evidence(graph.layers.overlay2, f"and {more} more")) if more else shown
