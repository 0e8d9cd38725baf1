"""A layer's tar-split can't be read."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.tar_splits import TarSplits


@check(
    severity=Severity.WARNING, detail=OfLayer, deep=True, ok="the list that each layer's tar is made from can be read"
)
def tar_split_damaged(graph: LayerGraph, splits: TarSplits, content: LayerContent) -> Iterator[Finding]:
    """A layer's tar-split is damaged, so images with this layer run but can't be saved or pushed.

    What it looks at:
        With ``--deep``: the whole content of ``tar-split.json.gz`` in the record of each layer that a sound image has. It must
        unpack to its end and describe a tar of whole blocks; where each file has the checksum that it tells and the whole has
        not the layer's digest, it is not the layer's.

    Why it matters:
        The file holds the headers of the layer's tar. ``docker save`` and ``docker push`` end with "unexpected EOF", and
        nothing can prove the layer's content any more.

    How it is fixed:
        From doctor's metadata backup. Without one it is made again: Docker writes the tar of a directory always the same way,
        and the result counts only if it has the layer's digest. For layers that other tools made, by pulling or loading the
        image again after removing it.

    References:
        https://github.com/vbatts/tar-split
    """
    foreign = {
        chain: "its headers are not the layer's: with files that have all their checksums it makes another digest"
        for chain, found in content.looks.items()
        if found.is_split_foreign
    }
    for chain, problem in {**splits.damaged, **foreign}.items():
        yield Finding(
            subject=Subject("layer", chain[:12]),
            message=f"images can't be saved or pushed: the tar-split of {graph.title(chain)} is damaged",
            evidence=(Evidence(graph.layers.record_path(chain, "tar-split.json.gz"), problem),),
            detail=OfLayer(chain=chain),
        )
