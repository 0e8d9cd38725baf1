"""Bring a layer's tar-split back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Stage, restore
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.metadata_backup import DeepTarSplits


@fixer(applicability=Applicability.SAFE)
def tar_split_damaged(finding: Finding, graph: LayerGraph, kept: DeepTarSplits | Missing) -> Iterator[Action]:
    """Write the one of the backup; without one, name the images to pull again."""
    chain = finding.detail.chain
    found = kept.items.get(chain) if isinstance(kept, DeepTarSplits) else None
    if found is not None:
        path = graph.layers.record_path(chain, "tar-split.json.gz")
        yield restore(path, found, what=f"restore the tar-split of {graph.title(chain)}", stage=Stage.LAYERS)
        return
    images = graph.image_titles(graph.expected[chain].images)
    yield Advise(text=f"if you must save or push them, remove and pull again: {', '.join(images[:6])}")
