"""Write the layers that a directory stands on."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import Rebuild, Wanted
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def overlay2_lower_wrong(detail: OfDirectory, graph: LayerGraph) -> Iterator[Action]:
    """Write the computed list; the lowest layer has no such file."""
    name = detail.directory
    path = graph.layers.directory_path(name, "lower")
    lower = graph.lowers[name]
    if not lower:
        yield Quarantine(path=path, why="the lowest layer stands on nothing", stage=Stage.LINKS)
        return
    content = ":".join(f"l/{link}" for link in lower).encode()
    yield Rebuild(
        items=(Wanted(path=path, node=File(content=content)),),
        what=f"write the {len(lower)} layers below {graph.directory_title(name)}",
        stage=Stage.LINKS,
    )
