"""The record of a layer is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.layers.details import LayerDamage
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=LayerDamage,
    breaks=("image",),
    ok="the record of each layer matches its images",
    messages=(
        Message(
            pattern="layer does not exist|not restoring image",
            example="failed to start daemon: layer does not exist",
            means="metadata of a layer is missing, so images that use it are not listed",
            do="let 'doctor fix' rebuild it, or pull the image again",
            also=("state/layer-metadata-missing", "state/layer-metadata-wrong-parent"),
        ),
    ),
)
def layer_metadata_empty(graph: LayerGraph) -> Iterator[Finding]:
    """The record of a layer is corrupt, so the engine drops all images and containers that use the layer.

    What it looks at:
        The files ``diff``, ``parent``, ``size`` and ``cache-id`` in ``image/overlay2/layerdb/sha256/CHAIN`` for each layer of
        an image with a valid config. ``diff`` and ``parent`` must match the image's config, ``size`` must be a number, and
        ``cache-id`` must name a directory in ``overlay2`` that no other layer claims.

    Why it matters:
        A power failure leaves these files empty or full of NUL bytes. dockerd only logs "not restoring image … layer does not
        exist" and lists fewer images. If the lowest layer is affected, the list is empty.

    How it is fixed:
        ``diff`` and ``parent`` are computed from the image's config, ``size`` is the sum of the files' sizes. The directory is
        identified by its content: its files, reassembled with the layer's tar-split, must hash to the layer's digest. Without a
        tar-split, doctor's metadata backup names the directory.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
        https://github.com/balena-os/balena-engine/issues/246
    """
    for layer in graph.needed():
        damaged = graph.damaged_files(layer)
        if damaged:
            images = ", ".join(graph.image_titles(layer.images)[:6])
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"the record of {graph.title(layer.chain)} is corrupt: the engine does not load images with this layer",
                evidence=(
                    *(Evidence(graph.layers.record_path(layer.chain, name), text) for name, text in damaged.items()),
                    Evidence("images with this layer", images),
                ),
                detail=LayerDamage(chain=layer.chain, files=tuple(damaged)),
            )
