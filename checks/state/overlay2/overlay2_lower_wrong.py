"""A layer directory lists the wrong parents."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import plural


@check(
    severity=Severity.ERROR,
    detail=OfDirectory,
    breaks=("image", "storage"),
    causes=("state/overlay2-link-broken", "state/layer-metadata-empty"),
    ok="each layer directory names the layers below it",
)
def overlay2_lower_wrong(graph: LayerGraph) -> Iterator[Finding]:
    """A layer directory lists the wrong layers below it, so containers start with missing or wrong files.

    What it looks at:
        ``lower`` of each directory of ``overlay2`` that an image, a container or BuildKit needs, compared with the list that is
        computed from the layer records, the mount records and BuildKit's database: the short links of all layers below, nearest
        first.

    Why it matters:
        The kernel mounts exactly the layers in ``lower``. A short list gives an incomplete root ("exec: sh: executable file not
        found"), and everything built or run meanwhile inherits the fault.

    How it is fixed:
        The computed list is written for this directory and for all layers above it, also for the ``-init`` directories of
        containers and for BuildKit's own.

    References:
        https://github.com/moby/moby/issues/42456
        https://github.com/moby/moby/blob/v26.1.5/daemon/graphdriver/overlay2/overlay.go
    """
    for name in graph.wrong_lowers():
        found = graph.layers.directories[name].lower
        right = graph.lowers[name] or ()
        yield Finding(
            subject=Subject(
                "layer-directory", name[:12] + (docker.INIT_SUFFIX if name.endswith(docker.INIT_SUFFIX) else "")
            ),
            message=f"{graph.directory_title(name)} lists {plural(len(found or ()), 'layer')} below it instead of {len(right)}: files are missing or wrong in its mount"
            if len(found or ()) != len(right)
            else f"{graph.directory_title(name)} lists the wrong layers below it: files are missing or wrong in its mount",
            evidence=(
                Evidence(
                    graph.layers.directory_path(name, docker.LOWER),
                    "no such file" if found is None else ":".join(found)[:120],
                ),
                Evidence(
                    "computed from the layers below it", ":".join(right)[:120] or "no list: it is the lowest layer"
                ),
            ),
            detail=OfDirectory(directory=name),
        )
