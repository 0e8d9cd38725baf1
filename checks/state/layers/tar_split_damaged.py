"""A layer's tar-split can't be read completely."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import TarSplits


@check(severity=Severity.WARNING, detail=OfLayer, deep=True, ok="the tar-split of each layer can be read")
def tar_split_damaged(graph: LayerGraph, splits: TarSplits, content: LayerContent) -> Iterator[Finding]:
    """A layer's tar-split is corrupt, so images with this layer run but can't be saved or pushed.

    What it looks at:
        With ``--deep``: the whole content of ``tar-split.json.gz`` in the record of each layer of an image with a valid config.
        It must decompress completely and describe a tar of whole blocks. If each file has the checksum in the tar-split, but
        the whole does not have the layer's digest, the tar-split belongs to another layer.

    Why it matters:
        The file holds the headers of the layer's tar. ``docker save`` and ``docker push`` fail with "unexpected EOF", and the
        layer's content can't be verified.

    How it is fixed:
        From doctor's metadata backup. Without one it is recreated: Docker writes the tar of a directory always in the same way,
        and the result is used only if it has the layer's digest. If another tool made the layer, remove the image, then pull or
        load it again.

    References:
        https://github.com/vbatts/tar-split
    """
    foreign = {
        chain: "not this layer's: all files have its checksums, but the resulting tar has another digest"
        for chain, found in content.looks.items()
        if found.is_split_foreign
    }
    for chain, problem in {**splits.damaged, **foreign}.items():
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"the tar-split of {graph.title(chain)} is corrupt: images with this layer can't be saved or pushed",
            evidence=(Evidence(graph.layers.split_path(chain), problem),),
            detail=OfLayer(chain=chain),
        )
