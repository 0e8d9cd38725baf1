"""Which directory held a layer whose record is gone, as the directories above it tell."""

from collections import Counter

from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.links import owners


def told_directories(graph: LayerGraph) -> dict[str, str]:
    """Return chain id → directory, for layers without a record, where all that stands on them agrees.

    The ``lower`` of a layer's or a container's directory names everything below it in order, and the chain below it is known
    from the image: the two lists of one length tell each other. BuildKit's list tells the layers it made. A directory that a record names, or with another number of
    layers below it than the layer has, is not believed.
    """
    missing = {layer.chain: layer for layer in graph.needed() if graph.record(layer.chain) is None}
    if not missing:
        return {}
    known = owners(graph.layers)
    votes: dict[str, Counter[str]] = {chain: Counter() for chain in missing}
    for name, chain, includes_itself in _standing(graph):
        below = _below(graph, chain, includes_itself=includes_itself)
        found = graph.layers.directories[name].lower or ()
        if len(below) != len(found):
            continue
        for one, link in zip(below, found, strict=True):
            if one in votes and link in known:
                votes[one][known[link]] += 1
    for chain, directory in graph.built.items():
        if chain in votes and directory in graph.layers.directories:
            votes[chain][directory] += 1
    taken = frozenset(graph.cache.values())
    told = {}
    for chain, counted in votes.items():
        if len(counted) == 1:
            directory = next(iter(counted))
            depth = len(graph.layers.directories[directory].lower or ())
            if directory not in taken and depth == missing[chain].depth:
                told[chain] = directory
    return told


def _standing(graph: LayerGraph) -> list[tuple[str, str, bool]]:
    """Return (directory, chain, whether the chain itself is below it) of what is known to stand on a chain."""
    found = [(directory, chain, False) for chain, directory in graph.cache.items() if chain in graph.expected]
    for container_id, record in graph.layers.mounts.items():
        chain = graph.mount_parent(container_id)
        init = f"{record.mount_id}-init"
        if chain and chain in graph.expected and init in graph.layers.directories:
            found.append((init, chain, True))
    return found


def _below(graph: LayerGraph, chain: str, *, includes_itself: bool) -> list[str]:
    chains: list[str] = [chain] if includes_itself else []
    here = graph.expected[chain].parent
    while here in graph.expected and len(chains) < 1000:
        chains.append(here)
        here = graph.expected[here].parent
    return chains
