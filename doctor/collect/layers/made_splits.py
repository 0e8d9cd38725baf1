"""Recreates missing tar-splits. Reads only layers whose own is missing, and only when a fixer asks."""

from collections.abc import Iterable

from doctor.facts.backup.files import DeepTarSplits, KeptTarSplits
from doctor.facts.layers.content import LayerContent
from doctor.facts.layers.graph import ExpectedLayer, LayerGraph
from doctor.facts.layers.made_splits import DeepMadeSplits, MadeSplit, MadeSplits
from doctor.facts.layers.tar_splits import AlteredSplits, TarSplits
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.proof.layer import new_buffer
from doctor.proof.made_tar import make
from doctor.proof.tree import open_tree

_MOST_BYTES = 4 << 30
"""Limit of content that is read to recreate tar-splits; the next repair continues."""


@collector
def made_splits(
    host: Host, graph: LayerGraph, kept: KeptTarSplits | Missing, altered: AlteredSplits | Missing
) -> MadeSplits:
    """Return tar-splits of layers without a valid one, also if their directory is unknown: then the digest proves both."""
    known = kept.items if isinstance(kept, KeptTarSplits) else {}
    damaged = altered.damaged if isinstance(altered, AlteredSplits) else {}
    lost = []
    for layer in graph.needed():
        record = graph.record(layer.chain)
        if record is None or record.is_hollow or layer.chain in known:
            continue
        if record.lacks_split or layer.chain in damaged:
            lost.append(layer)
    return MadeSplits(items=_make_all(host, graph, lost))


@collector
def deep_made_splits(
    host: Host,
    graph: LayerGraph,
    splits: TarSplits,
    content: LayerContent,
    kept: DeepTarSplits | Missing,
) -> DeepMadeSplits:
    """Return tar-splits of layers whose own can't be read or belongs to another layer."""
    known = kept.items if isinstance(kept, DeepTarSplits) else {}
    bad = set(splits.damaged) | {chain for chain, found in content.looks.items() if found.is_split_foreign}
    lost = [layer for layer in graph.needed() if layer.chain in bad and layer.chain not in known]
    return DeepMadeSplits(items=_make_all(host, graph, lost))


def _make_all(host: Host, graph: LayerGraph, lost: Iterable[ExpectedLayer]) -> dict[str, MadeSplit]:
    items: dict[str, MadeSplit] = {}
    free = list(graph.free_directories())
    left = _MOST_BYTES
    buffer = new_buffer()
    for layer in lost:
        own = graph.cache.get(layer.chain)
        # Of equal directories, one with the right number of parents needs no other repair.
        depth = {name: len(graph.layers.directories[name].lower or ()) for name in free}
        candidates = [own] if own is not None else sorted(free, key=lambda name: (depth[name] != layer.depth, name))
        for directory in candidates:
            try:
                tree = open_tree(host, graph.layers.diff_path(directory))
            except HostError:
                continue
            try:
                made, size = make(tree, layer.diff, buffer, most_bytes=left)
            except (HostError, OSError):
                continue
            finally:
                tree.close()
            left -= size
            if made is not None:
                items[layer.chain] = MadeSplit(content=made, directory=directory)
                if own is None:
                    free.remove(directory)
                break
    return items
