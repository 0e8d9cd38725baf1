"""Restore or recreate a layer's tar-split."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.tar_splits import restore_tar_split
from doctor.facts.backup.files import KeptTarSplits
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.made_splits import MadeSplits


@fixer(applicability=Applicability.SAFE)
def tar_split_corrupt(
    detail: OfLayer, graph: LayerGraph, kept: KeptTarSplits | Missing, made: MadeSplits | Missing
) -> Iterator[Action]:
    """Write the tar-split of the backup, or one that the layer's directory proves; otherwise name the images to pull again."""
    chain = detail.chain
    found = kept.items.get(chain) if isinstance(kept, KeptTarSplits) else None
    proven = made.items.get(chain) if isinstance(made, MadeSplits) else None
    yield from restore_tar_split(graph, chain, found, proven)
