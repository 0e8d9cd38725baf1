"""Say how a layer's tar-split comes back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.facts.layer_graph import LayerGraph


@fixer(applicability=Applicability.MANUAL)
def tar_split_damaged(finding: Finding, graph: LayerGraph) -> Iterator[Action]:
    """Name the images to pull again."""
    layer = graph.expected[finding.detail.chain]
    images = graph.image_titles(layer.images)
    yield Advise(text=f"if you must save or push them, remove and pull again: {', '.join(images[:6])}")
