"""Find a layer's directory, or recreate a layer without files."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import EMPTY_LAYER, LayerGraph
from doctor.facts.layers.proofs import LayerProofs
from doctor.facts.layers.short_links import derived_name
from doctor.model.step import Directory, File, Symlink


@fixer(applicability=Applicability.SAFE)
def overlay2_layer_missing(detail: LayerPlace, graph: LayerGraph, proofs: LayerProofs) -> Iterator[Action]:
    """Correct the record if a directory is proven; recreate an empty layer; otherwise name the images to pull again."""
    chain, name = detail.chain, detail.directory
    layer, proof = graph.expected[chain], proofs.of(chain)
    if proof.directory and proof.directory != name:
        yield Rebuild(
            items=(
                WantedPath(
                    path=graph.layers.record_path(chain, docker.CACHE_ID), node=File(content=proof.directory.encode())
                ),
            ),
            what=f"write the proven directory into the record of {graph.title(chain)}",
            stage=Stage.LAYERS,
        )
    elif layer.diff == EMPTY_LAYER:
        yield Rebuild(
            items=tuple(_empty(graph, name, layer.parent)),
            what=f"recreate the empty {graph.title(chain)}",
            stage=Stage.LAYERS,
        )
    else:
        images = graph.image_titles(layer.images)
        yield Advise(text=fetch_again(images))


def _empty(graph: LayerGraph, name: str, parent: str) -> Iterator[WantedPath]:
    """Yield an empty layer directory, with the known layers below it."""
    at = graph.layers.directory_path
    link = graph.names.get(name) or derived_name(name)
    below = graph.cache.get(parent)
    lower = (graph.names[below], *(graph.lowers[below] or ())) if below and graph.lowers[below] is not None else ()
    yield WantedPath(path=at(name), node=Directory(), mode=0o710)
    yield WantedPath(path=at(name, "diff"), node=Directory(), mode=0o755)
    yield WantedPath(path=at(name, "committed"), node=File(), mode=0o600)
    yield WantedPath(path=at(name, "link"), node=File(content=link.encode()))
    yield WantedPath(path=graph.layers.link_path(link), node=Symlink(target=f"../{name}/diff"))
    if lower:
        yield WantedPath(path=at(name, "lower"), node=File(content=":".join(f"l/{one}" for one in lower).encode()))
        yield WantedPath(path=at(name, "work"), node=Directory(), mode=0o700)
