"""The short names of layer directories are broken."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph, shown


@check(
    severity=Severity.ERROR,
    detail=OfDirectories,
    breaks=("image", "storage"),
    causes=("state/layer-metadata-empty", "state/overlay2-root-missing"),
    ok="each layer directory has its short name",
)
def overlay2_link_broken(graph: LayerGraph) -> Iterator[Finding]:
    """The short name of a layer directory is broken, so containers can't be mounted or start without that layer's files.

    What it looks at:
        For each directory of ``overlay2`` that an image, a container or BuildKit needs: its file ``link`` (26 characters)
        and the entry of that name in ``overlay2/l``, which must lead back to its ``diff``. If the whole of ``l`` is gone,
        that is one finding, and where something else has its place, the engine does not start. A directory whose name nothing tells is left until its place in the chain is known.

    Why it matters:
        Mount options hold these names. A missing entry fails every mount that needs it ("readlink …/overlay2/l: invalid
        argument"); an empty ``link`` is worse: layers made on it mount without its files and without an error.

    How it is fixed:
        The name is told three times: by ``link``, by the entry in ``l``, and by ``lower`` of everything above. What most of
        them say is written; if all are lost, a new name serves as well, since every ``lower`` that uses it is rewritten too.

    References:
        https://github.com/moby/moby/issues/35747
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    broken = graph.broken_links()
    places = graph.layers
    whole = tuple(name for name in broken if places.directories[name].link == graph.names[name])
    if len(whole) > 2 and not any(places.links.values()):
        is_in_the_way = places.link_directory not in {"", "d"}
        yield Finding(
            subject=Subject("directory", "overlay2/l"),
            message=f"the engine can't start: overlay2/l, with the short names of {len(whole)} layer directories, is no directory"
            if is_in_the_way
            else f"no container can be mounted: the short names of {len(whole)} layer directories are gone",
            evidence=(
                Evidence(
                    places.directory_path("l"),
                    "not a directory" if is_in_the_way else "no link is in it" if places.link_directory else "missing",
                ),
            ),
            detail=OfDirectories(directories=whole),
            severity=Severity.CRITICAL if is_in_the_way else None,
            stops_start=is_in_the_way,
        )
        broken = tuple(name for name in broken if name not in whole)
    for name in broken:
        link = places.directories[name].link
        right = graph.names[name]
        yield Finding(
            subject=Subject("layer-directory", name[:12] + ("-init" if name.endswith("-init") else "")),
            message=f"{graph.directory_title(name)} can't be mounted: its short name is broken",
            evidence=(
                Evidence(places.directory_path(name, "link"), shown(link)),
                Evidence(places.link_path(right), places.links.get(right) or "no such link"),
            ),
            detail=OfDirectories(directories=(name,)),
        )
