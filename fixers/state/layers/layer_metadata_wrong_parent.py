"""Write the parent that is computed from the image's config."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_wrong_parent(detail: OfLayer, graph: LayerGraph) -> Iterator[Action]:
    """Write the computed parent; remove the file if the layer is the lowest."""
    chain = detail.chain
    path = graph.layers.record_path(chain, docker.PARENT)
    parent = graph.expected[chain].parent
    if not parent:
        yield Quarantine(path=path, why="the lowest layer has no parent", stage=Stage.LAYERS)
        return
    yield Rebuild(
        items=(WantedPath(path=path, node=File(content=f"sha256:{parent}".encode())),),
        what=f"write the computed parent of {graph.title(chain)}",
        stage=Stage.LAYERS,
    )
