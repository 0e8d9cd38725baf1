"""The directory of an image's layer is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import DIRECTORY_NAME


@check(
    severity=Severity.ERROR,
    detail=LayerPlace,
    breaks=("image",),
    causes=("state/overlay2-root-missing",),
    ok="each layer of each image has its files",
)
def overlay2_layer_missing(graph: LayerGraph) -> Iterator[Finding]:
    """The directory of an image's layer is gone, so the image is listed and can't be run.

    What it looks at:
        Whether the directory that each layer's record names is in ``overlay2`` and has a ``diff``.

    Why it matters:
        Everything on that layer fails with "no such file or directory", and so do its containers. A pull or load says
        "Already exists" and heals nothing, because the record claims that the layer is there.

    How it is fixed:
        If another directory is proven to hold the layer's content, the record is corrected. A layer without any file is made
        again, since an empty directory is its content. Otherwise the image must be removed and pulled or loaded again.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    if not graph.layers.directories:
        return
    for layer in graph.needed():
        record = graph.record(layer.chain)
        name = record.cache_id if record is not None else None
        if not name or not DIRECTORY_NAME.fullmatch(name):
            continue
        found = graph.directory(name)
        if found is None or not found.has_diff:
            images = ", ".join(graph.image_titles(layer.images)[:6])
            path = graph.layers.directory_path(name) if found is None else graph.layers.directory_path(name, "diff")
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"images can't be run: the files of {graph.title(layer.chain)} are gone",
                evidence=(Evidence(path, "no such directory"), Evidence("images that stand on it", images)),
                detail=LayerPlace(chain=layer.chain, directory=name),
            )
