"""Write the list of layers below a layer directory."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File
from doctor.model.text import plural


@fixer(applicability=Applicability.SAFE)
def overlay2_lower_wrong(detail: OfDirectory, graph: LayerGraph) -> Iterator[Action]:
    """Write the computed list; remove the file if the layer is the lowest."""
    name = detail.directory
    path = graph.layers.directory_path(name, docker.LOWER)
    lower = graph.lowers[name]
    if not lower:
        yield Quarantine(path=path, why="the lowest layer has no layers below it", stage=Stage.LINKS)
        return
    content = ":".join(f"l/{link}" for link in lower).encode()
    yield Rebuild(
        items=(WantedPath(path=path, node=File(content=content)),),
        what=f"write the list of {plural(len(lower), 'layer')} below {graph.directory_title(name)}",
        stage=Stage.LINKS,
    )
