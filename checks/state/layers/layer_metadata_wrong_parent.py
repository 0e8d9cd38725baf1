"""The record of a layer names the wrong parent."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph, is_digest


@check(severity=Severity.ERROR, detail=OfLayer, ok="the record of each layer names the layer below it")
def layer_metadata_wrong_parent(graph: LayerGraph) -> Iterator[Finding]:
    """The record of a layer names a wrong parent or none, so removing another image deletes layers that are still needed.

    What it looks at:
        ``parent`` in each layer's record, compared with the parent that is computed from the configs of its images.

    Why it matters:
        The fault is not visible: mounts use another file. But the engine counts references by ``parent``, so ``docker rmi`` of
        another image deletes layers below this one, and ``docker save`` then fails.

    How it is fixed:
        The computed value is written. Remove no image before the repair.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is None or (record.is_hollow and record.parent is None):
            continue
        right = f"sha256:{layer.parent}" if layer.parent else None
        if record.parent != right and (record.parent is None or is_digest(record.parent)):
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"the record of {graph.title(layer.chain)} names {'the wrong' if record.parent else 'no'} parent: removing another "
                "image would delete layers that are still needed",
                evidence=(
                    Evidence(graph.layers.record_path(layer.chain, docker.PARENT), record.parent or "no such file"),
                    Evidence("computed from the image's config", right or "no parent: it is the lowest layer"),
                ),
                detail=OfLayer(chain=layer.chain),
            )
