"""Restore the short links of layer directories."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectories
from doctor.facts.layers.graph import LayerGraph
from doctor.model.step import File, Symlink


@fixer(applicability=Applicability.SAFE)
def overlay2_link_broken(detail: OfDirectories, graph: LayerGraph) -> Iterator[Action]:
    """Write ``link`` and the entry in ``l``, with the name that most of the remaining records have."""
    directories = detail.directories
    items: list[WantedPath] = []
    for name in directories:
        link = graph.names[name]
        items.append(WantedPath(path=graph.layers.directory_path(name, docker.LINK), node=File(content=link.encode())))
        items.append(WantedPath(path=graph.layers.link_path(link), node=Symlink(target=f"../{name}/diff")))
    subject = f"{len(directories)} layer directories" if len(directories) > 1 else graph.directory_title(directories[0])
    yield Rebuild(
        items=tuple(items),
        what=f"restore the short {'link' if len(directories) == 1 else 'links'} of {subject}",
        stage=Stage.LINKS,
    )
