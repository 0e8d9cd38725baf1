"""Quarantine an empty layer record."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph


@fixer(applicability=Applicability.SAFE)
def layer_metadata_hollow(detail: OfLayer, graph: LayerGraph) -> Iterator[Action]:
    """Move the directory to quarantine: nothing refers to it."""
    yield Quarantine(
        path=graph.layers.record_path(detail.chain),
        why="an interrupted pull left it, and nothing refers to it",
        stage=Stage.LAYERS,
    )
