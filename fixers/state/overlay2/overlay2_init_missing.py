"""Recreate a container's -init layer."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.layers.details import InitMissing
from doctor.facts.layers.graph import LINK_NAME, LayerGraph
from doctor.facts.layers.init_layers import FILES, FOLDERS, LINKS
from doctor.facts.layers.short_links import derived_name
from doctor.model.step import Directory, File, Symlink


@fixer(applicability=Applicability.SAFE)
def overlay2_init_missing(detail: InitMissing, graph: LayerGraph) -> Iterator[Action]:
    """Create its fixed set of files, and the links that connect it with the layers of its image."""
    name = docker.init_layer(detail.directory)
    yield Rebuild(
        items=tuple(_layer(graph, name, detail.directory, detail.below)),
        what=f"recreate the -init layer of container {graph.container_title(detail.container_id)}",
        stage=Stage.LINKS,
    )


def _layer(graph: LayerGraph, name: str, own: str, below: str) -> Iterator[WantedPath]:
    at = graph.layers.directory_path
    link = _link(graph, name, own)
    lower = (graph.names[below], *(graph.lowers[below] or ())) if below else ()
    yield WantedPath(path=at(name), node=Directory(), mode=0o710)
    yield WantedPath(path=at(name, "diff"), node=Directory(), mode=0o755)
    for folder in FOLDERS:
        yield WantedPath(path=at(name, f"diff/{folder}"), node=Directory(), mode=0o755)
    for file in FILES:
        yield WantedPath(path=at(name, f"diff/{file}"), node=File(), mode=0o755)
    for entry, target in LINKS.items():
        yield WantedPath(path=at(name, f"diff/{entry}"), node=Symlink(target=target))
    yield WantedPath(path=at(name, "committed"), node=File(), mode=0o600)
    yield WantedPath(path=at(name, "link"), node=File(content=link.encode()))
    yield WantedPath(path=graph.layers.link_path(link), node=Symlink(target=f"../{name}/diff"))
    if lower:
        yield WantedPath(path=at(name, "lower"), node=File(content=":".join(f"l/{one}" for one in lower).encode()))
        yield WantedPath(path=at(name, "work"), node=Directory(), mode=0o700)


def _link(graph: LayerGraph, name: str, own: str) -> str:
    """Return the name under which the container's writable layer knows it, or a new name if that is lost."""
    if name in graph.names and LINK_NAME.fullmatch(graph.layers.directories[name].link or ""):
        return graph.names[name]
    lower = graph.layers.directories[own].lower
    named = lower[0] if lower else ""
    is_free = LINK_NAME.fullmatch(named) and named not in graph.names.values()
    return named if is_free else derived_name(name)
