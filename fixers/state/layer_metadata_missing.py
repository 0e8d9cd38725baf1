"""Write a lost layer record again."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.layer_proofs import LayerProofs
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_missing(finding: Finding, graph: LayerGraph, proofs: LayerProofs) -> Iterator[Action]:
    """Write what the image tells and the directory that all above it stands on; else name the images to pull again."""
    chain, directory = finding.detail.chain, finding.detail.directory
    layer = graph.expected[chain]
    if not directory:
        yield Advise(text=f"pull or load again: {', '.join(graph.image_titles(layer.images)[:6])}")
        return
    values = {"diff": layer.diff, "size": str(max(proofs.of(chain).size_bytes, 0)), "cache-id": directory}
    if layer.parent:
        values["parent"] = f"sha256:{layer.parent}"
    yield Rebuild(
        items=tuple(
            Wanted(path=graph.layers.record_path(chain, name), node=File(content=text.encode()))
            for name, text in values.items()
        ),
        what=f"write the record of {graph.title(chain)} again, without its tar-split",
        stage=Stage.LAYERS,
    )
