"""Restore the content of a layer's files."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, HostPath, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import CopyOver
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.paths import join
from doctor.model.text import visible


@fixer(applicability=Applicability.SAFE)
def layer_content_altered(detail: OfLayer, graph: LayerGraph, content: LayerContent) -> Iterator[Action]:
    """Copy the files from other layers if that proves the layer; otherwise name the images to pull again."""
    chain = detail.chain
    found = content.looks[chain]
    top = graph.layers.diff_path(found.directory)
    if all(one.copy for one in found.altered):
        for one in found.altered:
            name = one.name.decode("utf-8", "surrogateescape")
            yield CopyOver(
                source=HostPath(one.copy),
                path=join(top, name),
                what=f"copy {visible(name)} of {graph.title(chain)} from another layer with the same file",
                stage=Stage.LAYERS,
            )
        return
    images = graph.image_titles(graph.expected[chain].images)
    yield Advise(text=f"{fetch_again(images)}: no other layer has the right content")
