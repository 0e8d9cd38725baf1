"""A layer's tar-split is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import AlteredSplits


@check(severity=Severity.WARNING, detail=OfLayer, ok="each layer has the list that its tar is made from")
def tar_split_corrupt(graph: LayerGraph, altered: AlteredSplits | Missing) -> Iterator[Finding]:
    """A layer's tar-split is empty, torn or gone, so images with this layer run but can't be saved or pushed.

    What it looks at:
        The size, the first and the last bytes of ``tar-split.json.gz`` in the record of each layer that a sound image has.
        Where a metadata backup tells the file's digest (64 MiB of such files in a scan), one with another digest must unpack
        to its end. Without a backup the whole content is read with ``--deep`` (``state/tar-split-damaged``).

    Why it matters:
        The file holds the headers of the layer's tar. Without it ``docker save`` and ``docker push`` fail, and nothing can
        prove the layer's content any more.

    How it is fixed:
        From doctor's metadata backup. Without one it is made again: Docker writes the tar of a directory always the same way,
        and the result counts only if it has the layer's digest. For layers that other tools made, by pulling or loading the
        image again after removing it.

    References:
        https://github.com/vbatts/tar-split
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    damaged = {} if isinstance(altered, Missing) else altered.damaged
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is not None and not record.is_hollow and (record.lacks_split or layer.chain in damaged):
            problem = damaged.get(layer.chain) or ("it is empty" if record.tar_split_bytes == 0 else "no such file")
            if record.is_split_torn:
                problem = "it begins or ends as no gzip file does"
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"images can't be saved or pushed: {graph.title(layer.chain)} lost its tar-split",
                evidence=(Evidence(graph.layers.record_path(layer.chain, "tar-split.json.gz"), problem),),
                detail=OfLayer(chain=layer.chain),
            )
