"""Restore a layer's entries from their tar headers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.layers import RestoreEntries
from doctor.facts.details import OfLayer
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import LayerGraph
from doctor.model.text import visible


@fixer(applicability=Applicability.SAFE)
def layer_metadata_lost(detail: OfLayer, graph: LayerGraph, content: LayerContent) -> Iterator[Action]:
    """Restore the entries that can be restored; otherwise show how to fetch the image again."""
    chain = detail.chain
    found = content.looks[chain]
    can = tuple(one for one in found.lost if one.is_restorable) if found.can_restore else ()
    if can:
        top = graph.layers.diff_path(found.directory)
        yield RestoreEntries(top=top, entries=can, title=graph.title(chain))
        return
    if not found.can_restore:
        yield Advise(
            text="first run 'doctor fix --apply' for the layer's content (state/layer-content-altered, "
            "state/layer-extra-files): until its digest matches, the headers are not proven to be this layer's"
        )
        return
    names = ", ".join(visible(one.name.decode("utf-8", "surrogateescape")) for one in found.lost[:6])
    images = graph.image_titles(graph.expected[chain].images)
    yield Advise(text=f"{fetch_again(images)}: doctor can't recreate these entries: {names}")
