"""Mark layers as finished."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File
from doctor.model.text import plural


@fixer(applicability=Applicability.SAFE)
def overlay2_committed_missing(detail: OfDirectories, graph: LayerGraph) -> Iterator[Action]:
    """Create the empty file in each directory."""
    names = detail.directories
    yield Rebuild(
        items=tuple(
            WantedPath(path=graph.layers.directory_path(name, docker.COMMITTED), node=File(), mode=0o600)
            for name in names
        ),
        what=f"mark {plural(len(names), 'layer')} as finished",
        stage=Stage.LINKS,
    )
