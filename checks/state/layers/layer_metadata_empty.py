"""The record of a layer lost what it must say."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.layers.details import LayerDamage
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.ERROR,
    detail=LayerDamage,
    breaks=("image",),
    ok="the record of each layer says what its images say",
)
def layer_metadata_empty(graph: LayerGraph) -> Iterator[Finding]:
    """The record of a layer is damaged, so the engine drops every image and every container that stands on it.

    What it looks at:
        ``diff``, ``parent``, ``size`` and ``cache-id`` in ``image/overlay2/layerdb/sha256/CHAIN`` of each layer that a
        sound image has: the first two against what follows from the image's config, ``size`` must be a number, ``cache-id``
        the name of a directory in ``overlay2`` that no other layer claims.

    Why it matters:
        A power cut leaves these files empty or full of NULs. dockerd then only logs "not restoring image … layer does not
        exist" and shows a shorter list; if it is the lowest layer, the list is empty.

    How it is fixed:
        ``diff`` and ``parent`` are computed from the image's config, ``size`` is summed. The directory is proven: its files,
        put together as the layer's tar-split says, must hash to the layer's digest. Without a tar-split, doctor's metadata
        backup names it.

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
                message=f"images are gone for the engine: the record of {graph.title(layer.chain)} is damaged",
                evidence=(
                    *(Evidence(graph.layers.record_path(layer.chain, name), text) for name, text in damaged.items()),
                    Evidence("images that stand on it", images),
                ),
                detail=LayerDamage(chain=layer.chain, files=tuple(damaged)),
            )
