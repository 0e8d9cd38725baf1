"""A layer has no record."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import LayerGraph
from doctor.rebuild.layers.evidence import told_directories


@check(severity=Severity.ERROR, detail=LayerPlace, breaks=("image",), ok="each layer of each image has its record")
def layer_metadata_missing(graph: LayerGraph) -> Iterator[Finding]:
    """A layer has no record, so the engine drops every image and every container that stands on it.

    What it looks at:
        Whether ``image/overlay2/layerdb/sha256`` has a directory for each layer that follows from the images' configs.

    Why it matters:
        The record is the only link between an image and the directory with the layer's files. Without it dockerd says "not
        restoring image … layer does not exist"; the files stay where they are, and nothing ever frees them.

    How it is fixed:
        The record is written with what the image's config tells and the directory that everything above the layer stands on,
        if all agree, or the one that doctor's metadata backup names. The layer's tar-split was in the record and comes from
        the backup: without it images run and can't be saved or pushed, until they are pulled or loaded again. Where nothing
        tells the directory, that is the only way.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    told = told_directories(graph)
    for layer in graph.needed():
        if graph.record(layer.chain) is not None:
            continue
        directory = told.get(layer.chain, "")
        images = ", ".join(graph.image_titles(layer.images)[:6])
        yield Finding(
            subject=Subject("layer", layer.chain[:12]),
            message=f"images are gone for the engine: {graph.title(layer.chain)} has no record",
            evidence=(
                Evidence(graph.layers.record_path(layer.chain), "no such directory"),
                Evidence("images that stand on it", images),
                *((Evidence("directory that all above it stands on", directory),) if directory else ()),
            ),
            detail=LayerPlace(chain=layer.chain, directory=directory),
        )
