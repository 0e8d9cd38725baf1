"""Say how a layer without a record comes back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.facts.layer_graph import LayerGraph


@fixer(applicability=Applicability.MANUAL)
def layer_metadata_missing(finding: Finding, graph: LayerGraph) -> Iterator[Action]:
    """Name the images to pull or load again."""
    layer = graph.expected[finding.detail.chain]
    images = graph.image_titles(layer.images)
    yield Advise(text=f"pull or load again: {', '.join(images[:6])}")
