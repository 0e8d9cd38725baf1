"""A layer's tar-split is missing or corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import AlteredSplits


@check(
    severity=Severity.WARNING,
    detail=OfLayer,
    ok="each layer has its tar-split",
    messages=(
        Message(
            pattern=r"tar-split\.json\.gz|file integrity checksum failed for \S+",
            example='file integrity checksum failed for "etc/os-release"',
            means="a layer can be run but not saved or pushed: its tar-split is corrupt or its files were changed",
            do="pull the image again",
            also=("state/tar-split-damaged", "state/layer-content-altered"),
        ),
    ),
)
def tar_split_corrupt(graph: LayerGraph, altered: AlteredSplits | Missing) -> Iterator[Finding]:
    """A layer's tar-split is empty, truncated or missing, so images with this layer run but can't be saved or pushed.

    What it looks at:
        The size and the first and last bytes of ``tar-split.json.gz`` in the record of each layer of an image with a valid
        config. If a metadata backup has the file's digest and the digest differs, the file must decompress completely (up to 64
        MiB of such files per scan). Without a backup only ``--deep`` reads the whole content (``state/tar-split-damaged``).

    Why it matters:
        The file holds the headers of the layer's tar. Without it ``docker save`` and ``docker push`` fail, and the layer's
        content can't be verified.

    How it is fixed:
        From doctor's metadata backup. Without one it is recreated: Docker writes the tar of a directory always in the same way,
        and the result is used only if it has the layer's digest. If another tool made the layer, remove the image, then pull or
        load it again.

    References:
        https://github.com/vbatts/tar-split
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    damaged = {} if isinstance(altered, Missing) else altered.damaged
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is not None and not record.is_hollow and (record.lacks_split or layer.chain in damaged):
            problem = damaged.get(layer.chain) or ("empty file" if record.tar_split_bytes == 0 else "no such file")
            if record.is_split_truncated:
                problem = "truncated or corrupt: not the beginning or end of a gzip file"
            yield Finding(
                subject=Subject("layer", layer.chain[:12]),
                message=f"the tar-split of {graph.title(layer.chain)} is missing or corrupt: images with this layer can't be saved or pushed",
                evidence=(Evidence(graph.layers.split_path(layer.chain), problem),),
                detail=OfLayer(chain=layer.chain),
            )
