"""Bring a layer's tar-split back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted, restore
from doctor.facts.deep_splits import DeepMadeSplits
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.metadata_backup import DeepTarSplits
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def tar_split_damaged(
    finding: Finding, graph: LayerGraph, kept: DeepTarSplits | Missing, made: DeepMadeSplits | Missing
) -> Iterator[Action]:
    """Write the one of the backup, else one that the layer's directory proves; without both, name the images to pull again."""
    chain = finding.detail.chain
    found = kept.items.get(chain) if isinstance(kept, DeepTarSplits) else None
    if found is not None:
        path = graph.layers.record_path(chain, "tar-split.json.gz")
        yield restore(path, found, what=f"restore the tar-split of {graph.title(chain)}", stage=Stage.LAYERS)
        return
    proven = made.items.get(chain) if isinstance(made, DeepMadeSplits) else None
    if proven is not None:
        # Where the directory was not known either, the record's fixer writes both.
        if graph.cache.get(chain) == proven.directory:
            yield Rebuild(
                items=(
                    Wanted(
                        path=graph.layers.record_path(chain, "tar-split.json.gz"), node=File(content=proven.content)
                    ),
                ),
                what=f"make the tar-split of {graph.title(chain)} again from its files, which have its digest",
                stage=Stage.LAYERS,
            )
        return
    images = graph.image_titles(graph.expected[chain].images)
    yield Advise(text=f"if you must save or push them, remove and pull again: {', '.join(images[:6])}")
