"""Recreate a container's work directory."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import Directory


@fixer(applicability=Applicability.SAFE)
def overlay2_work_missing(detail: OfDirectory, graph: LayerGraph) -> Iterator[Action]:
    """Create it empty and with mode 0700, as overlay2 does."""
    name = detail.directory
    yield Rebuild(
        items=(WantedPath(path=graph.layers.directory_path(name, docker.WORK), node=Directory(), mode=0o700),),
        what=f"create the work directory of {graph.directory_title(name)}",
        stage=Stage.LINKS,
    )
