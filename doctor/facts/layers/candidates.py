"""Candidate directories of a lost container or layer, with evidence that lets the user choose between them."""

import time

from msgspec import Struct

from doctor.facts.layers.graph import ExpectedLayer, LayerGraph
from doctor.model.finding import Evidence
from doctor.model.missing import Missing


class Clues(Struct, frozen=True, kw_only=True):
    """Evidence in a layer directory.

    Attributes:
        made: creation time in seconds since the epoch: that of the oldest small file beside ``diff``; 0.0 for none.
        names: the first paths in its ``diff``, sorted, directories with a slash; ``more`` whether there are others.
        changed: the last change directly in ``diff`` in seconds since the epoch; 0.0 if it is empty.
    """

    made: float
    names: tuple[str, ...]
    more: bool
    changed: float


class DirectoryClues(Struct, frozen=True, kw_only=True):
    """Clues of the unassigned directories; empty if every directory is assigned."""

    items: dict[str, Clues]
    gaps: tuple[Missing, ...] = ()

    def evidence(self, graph: LayerGraph, name: str) -> tuple[Evidence, ...]:
        """Return the evidence of a directory: its creation time and first files."""
        where = Evidence("directory", graph.layers.directory_path(name))
        found = self.items.get(name)
        if found is None:
            return (where,)
        more = ", …" if found.more else ""
        changed = f" (changed {moment(found.changed)})" if found.changed else ""
        return (
            where,
            Evidence("created", moment(found.made) if found.made else "unknown"),
            Evidence("holds", f"{', '.join(found.names)}{more}{changed}" if found.names else "nothing"),
        )


def moment(seconds: float) -> str:
    """Return a time in UTC to the second.

    >>> moment(1_800_000_000.7)
    '2027-01-15 08:00:00 UTC'
    """
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def layer_candidates(graph: LayerGraph, layer: ExpectedLayer) -> tuple[str, ...]:
    """Return the free directories with the same parent as the layer."""
    wanted: tuple[str, ...] = ()
    if layer.parent:
        below = graph.cache.get(layer.parent)
        lower = graph.lowers.get(below) if below is not None else None
        if below is None or lower is None:
            return ()
        wanted = (graph.names[below], *lower)
    return tuple(name for name in graph.free_directories() if (graph.layers.directories[name].lower or ()) == wanted)


def asked_for(graph: LayerGraph) -> tuple[str, ...]:
    """Return all candidate directories, sorted."""
    found: set[str] = set()
    for container in graph.containers.items:
        if graph.is_mount_lost(container.id):
            found.update(graph.mount_candidates(container.id))
    for layer in graph.needed():
        if layer.chain not in graph.cache:
            found.update(layer_candidates(graph, layer))
    return tuple(sorted(found))
