"""A layer has no record."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import LayerGraph
from doctor.rebuild.layers.evidence import recorded_directories


@check(severity=Severity.ERROR, detail=LayerPlace, breaks=("image",), ok="each layer of each image has its record")
def layer_metadata_missing(graph: LayerGraph) -> Iterator[Finding]:
    """A layer has no record, so the engine drops all images and containers that use the layer.

    What it looks at:
        Whether ``image/overlay2/layerdb/sha256`` has a directory for each layer that is computed from the images' configs.

    Why it matters:
        The record is the only link between an image and the directory with the layer's files. Without it dockerd logs "not
        restoring image … layer does not exist". The files remain, and nothing ever frees their space.

    How it is fixed:
        The record is written from the image's config. Its directory is the one that all layers above agree on, or the one in
        doctor's metadata backup. The layer's tar-split was in the record and is restored from the backup: without it images
        run, but can't be saved or pushed until they are pulled or loaded again. If the directory is unknown, pulling or loading
        is the only repair.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    recorded = recorded_directories(graph)
    for layer in graph.needed():
        if graph.record(layer.chain) is not None:
            continue
        directory = recorded.get(layer.chain, "")
        images = ", ".join(graph.image_titles(layer.images)[:6])
        yield Finding(
            subject=Subject("layer", layer.chain[:12]),
            message=f"{graph.title(layer.chain)} has no record: the engine does not load images with this layer",
            evidence=(
                Evidence(graph.layers.record_path(layer.chain), "no such directory"),
                Evidence("images with this layer", images),
                *((Evidence("directory that the layers above it use", directory),) if directory else ()),
            ),
            detail=LayerPlace(chain=layer.chain, directory=directory),
        )
