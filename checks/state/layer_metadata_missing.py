"""A layer has no record."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layer_graph import LayerGraph


class RecordMissing(Struct, frozen=True, kw_only=True):
    """For the fixer: the layer's chain id, and the directory that other layers stand on in its place ("" for unknown)."""

    chain: str
    directory: str


@check(severity=Severity.ERROR, breaks=("image",), ok="each layer of each image has its record")
def layer_metadata_missing(graph: LayerGraph) -> Iterator[Finding]:
    """A layer has no record, so the engine drops every image and every container that stands on it.

    What it looks at:
        Whether ``image/overlay2/layerdb/sha256`` has a directory for each layer that follows from the images' configs.

    Why it matters:
        The record is the only link between an image and the directory with the layer's files. Without it dockerd says "not
        restoring image … layer does not exist"; the files stay where they are, and nothing ever frees them.

    How it is fixed:
        By pulling or loading the image again: the record also held the layer's tar-split, which nothing here can prove once
        it is gone. The evidence names the directory that the layers above stand on.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    for layer in graph.needed():
        if graph.record(layer.chain) is not None:
            continue
        directory = graph.directory_by_children(layer.chain)
        images = ", ".join(graph.image_titles(layer.images)[:6])
        yield Finding(
            subject=Subject("layer", layer.chain[:12]),
            message=f"images are gone for the engine: {graph.title(layer.chain)} has no record",
            evidence=(
                Evidence(graph.layers.record_path(layer.chain), "no such directory"),
                Evidence("images that stand on it", images),
                *((Evidence("directory that the layers above stand on", directory),) if directory else ()),
            ),
            detail=RecordMissing(chain=layer.chain, directory=directory),
        )
