"""The short link of a layer directory is broken."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph, shown


@check(
    severity=Severity.ERROR,
    detail=OfDirectories,
    breaks=("image", "storage"),
    causes=("state/layer-metadata-empty", "state/overlay2-root-missing"),
    ok="each layer directory has its short link",
    messages=(
        Message(
            pattern=r"readlink /\S*/overlay2(?:/l(?:/[A-Z0-9]+)?)?: (?:invalid argument|no such file or directory)|error creating overlay mount to \S+ (?:no such file or directory|too many levels of symbolic links)",
            example="readlink /var/lib/docker/overlay2/l: invalid argument",
            means="the short link or the directory of a layer is missing",
            do="let 'doctor fix' rebuild the links",
            also=("state/overlay2-lower-wrong", "state/overlay2-work-missing", "state/overlay2-layer-missing"),
        ),
    ),
)
def overlay2_link_broken(graph: LayerGraph) -> Iterator[Finding]:
    """The short link of a layer directory is broken, so containers can't be mounted or start without that layer's files.

    What it looks at:
        Each directory of ``overlay2`` that an image, a container or BuildKit needs: its file ``link`` (26 characters), and the
        entry of that name in ``overlay2/l``, which must point to its ``diff``. If all of ``l`` is missing, that is one finding.
        If ``l`` is not a directory, the engine does not start. A directory whose short link is unknown is left until its place
        in the chain is known.

    Why it matters:
        Mount options use these names. A missing entry fails each mount that needs it ("readlink …/overlay2/l: invalid
        argument"). An empty ``link`` is worse: layers created on it mount without its files and without an error.

    How it is fixed:
        The name is recorded in three places: ``link``, the entry in ``l``, and ``lower`` of all layers above. The name that
        most of them have is written. If all are lost, a new name is used, and each ``lower`` that refers to it is rewritten.

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
            subject=Subject("directory", f"{docker.OVERLAY2}/{docker.SHORT_LINKS}"),
            message=f"overlay2/l, with the short links of {len(whole)} layer directories, is not a directory: the engine can't start"
            if is_in_the_way
            else f"the short links of {len(whole)} layer directories are missing: no container that needs them can be mounted",
            evidence=(
                Evidence(
                    places.directory_path(docker.SHORT_LINKS),
                    "not a directory"
                    if is_in_the_way
                    else "no link in it"
                    if places.link_directory
                    else "no such directory",
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
            subject=Subject(
                "layer-directory", name[:12] + (docker.INIT_SUFFIX if name.endswith(docker.INIT_SUFFIX) else "")
            ),
            message=f"the short link of {graph.directory_title(name)} is broken: the layer can't be mounted",
            evidence=(
                Evidence(places.directory_path(name, docker.LINK), shown(link)),
                Evidence(places.link_path(right), places.links.get(right) or "no such link"),
            ),
            detail=OfDirectories(directories=(name,)),
        )
