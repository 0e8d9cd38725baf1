"""Finds the directory of a layer without a record, from the directories above it."""

from collections import Counter

from doctor.engines.docker import places as docker
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.short_links import owners


def recorded_directories(graph: LayerGraph) -> dict[str, str]:
    """Return chain id → directory for layers without a record, where all layers and containers above them agree.

    The ``lower`` of a layer's or a container's directory names all directories below it in order, and the image gives
    the chain: two lists of equal length map one to one. BuildKit's list gives the layers it made. A directory that a
    record names, or that has another number of layers below it than the layer, is rejected.
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
    shown = {}
    for chain, counted in votes.items():
        if len(counted) == 1:
            directory = next(iter(counted))
            depth = len(graph.layers.directories[directory].lower or ())
            if directory not in taken and depth == missing[chain].depth:
                shown[chain] = directory
    return shown


def _standing(graph: LayerGraph) -> list[tuple[str, str, bool]]:
    """Return (directory, chain, whether the chain itself is below it) of layers and containers known to be on a
    chain.
    """
    found = [(directory, chain, False) for chain, directory in graph.cache.items() if chain in graph.expected]
    for container_id, record in graph.layers.mounts.items():
        chain = graph.mount_parent(container_id)
        init = docker.init_layer(record.mount_id)
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
