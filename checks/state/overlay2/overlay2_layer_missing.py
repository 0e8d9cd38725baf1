"""The directory of an image layer is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import DIRECTORY_NAME


@check(
    severity=Severity.ERROR,
    detail=LayerPlace,
    breaks=("image",),
    causes=("state/overlay2-root-missing",),
    ok="each image layer has its directory",
    messages=(
        Message(
            pattern=r"(?:stat|open|lstat|chdir) /\S*/overlay2/(?!l/)[\w.<>-]+\S*: no such file or directory",
            example="ERROR: failed to register layer: open /var/lib/docker/overlay2/647ce8b746b9bae99307a823115888d9e5119cd883890eb3ff26ca6049230deb/committed: no such file or directory",
            means="a layer directory is missing although its record exists",
            do="remove and pull the images that use the layer; 'doctor fix' removes the hollow records",
            also=(
                "state/overlay2-container-layer-missing",
                "state/overlay2-init-missing",
                "state/overlay2-root-missing",
                "state/overlay2-committed-missing",
            ),
        ),
    ),
)
def overlay2_layer_missing(graph: LayerGraph) -> Iterator[Finding]:
    """The directory of an image layer is missing, so the image is listed but can't run.

    What it looks at:
        Whether the directory that each layer's record names exists in ``overlay2`` and has a ``diff``.

    Why it matters:
        Images and containers with this layer fail with "no such file or directory". A pull or load reports "Already exists" and
        repairs nothing, because the record claims that the layer exists.

    How it is fixed:
        If another directory is proven to hold the layer's content, the record is corrected. A layer without files is recreated:
        its content is an empty directory. Otherwise the image must be removed and pulled or loaded again.

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
            path = graph.layers.directory_path(name) if found is None else graph.layers.diff_path(name)
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"the files of {graph.title(layer.chain)} are missing: images with this layer can't run",
                evidence=(Evidence(path, "no such directory"), Evidence("images with this layer", images)),
                detail=LayerPlace(chain=layer.chain, directory=name),
            )
