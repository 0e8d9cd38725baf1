"""Empty the mount point of a layer."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@fixer(applicability=Applicability.SAFE)
def overlay2_merged_leftover(detail: OfDirectory, leftovers: Leftovers, graph: LayerGraph) -> Iterator[Action]:
    """Move its files to quarantine if no engine runs; keep the mount point itself."""
    if leftovers.is_engine_up:
        yield Advise(text="leave it until the engine is stopped for another reason: it does no harm")
        return
    name = detail.directory
    for entry in leftovers.merged[name]:
        path = graph.layers.directory_path(name, f"{docker.MERGED}/{entry}")
        yield Quarantine(path=path, why="the next mount would hide it", stage=Stage.LINKS)
