"""Proves every layer. It reads all of them, so only checks with ``--deep`` use it."""

from weakref import WeakKeyDictionary

from msgspec.structs import replace

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.content import LayerContent, LayerLook
from doctor.facts.layers.graph import LayerGraph
from doctor.host.base import Host
from doctor.host.noted import in_whole
from doctor.host.overlay import OverlayHost
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.proof.layer import Task, look, new_buffer, with_copies
from doctor.proof.made_tar import make
from doctor.proof.tasks import tasks_of
from doctor.proof.tree import open_tree
from doctor.proof.workers import look_at_all

_COPY_BYTES = 16 << 20
"""Limit of a copy, which becomes part of a plan in memory."""

_REMAKE_BYTES = 2 << 30
"""Read limit for distinguishing an altered layer from one with another layer's tar-split."""

_last: "WeakKeyDictionary[Host, dict[Task, LayerLook]]" = WeakKeyDictionary()
"""The last results of a host, for its predictions: what a plan does not change need not be read again."""


@collector
def layer_content(host: Host, root: DataRoot, graph: LayerGraph) -> LayerContent:
    """Return the result of each layer; layers removed meanwhile (with an image) are left out."""
    tasks = tasks_of(root, graph)
    # Each layer is examined in a separate process; results are kept here by what the plan changes.
    host = in_whole(host, root.resolved)
    if isinstance(host, OverlayHost):
        found = _predicted(host, tasks)
    else:
        by_chain = {task.chain: task for task in tasks}
        found = {by_chain[one.chain]: one for one in look_at_all(host, tasks)}
        _last[host] = found
    buffer = None
    looks: dict[str, LayerLook] = {}
    gaps: list[Missing] = []
    for task in tasks:
        one = found[task]
        if not one.is_proven and not host.exists(graph.layers.record_path(task.chain, docker.DIFF_ID)):
            continue
        if one.gap:
            gaps.append(Missing(Why.UNREADABLE, one.gap))
            continue
        if one.altered and all(each.size <= _COPY_BYTES for each in one.altered):
            buffer = new_buffer() if buffer is None else buffer
            one = with_copies(host, one, task, _others(graph, task), buffer)
        if not one.is_tied and not one.can_restore and not one.split_problem:
            buffer = new_buffer() if buffer is None else buffer
            one = _untied(host, one, task, buffer)
        looks[task.chain] = one
    return LayerContent(looks=looks, gaps=tuple(gaps))


def _predicted(host: OverlayHost, tasks: list[Task]) -> dict[Task, LayerLook]:
    """Examine again what the plan changes; other results are kept."""
    known = _last.get(host.base, {})
    buffer = None
    found: dict[Task, LayerLook] = {}
    for task in tasks:
        before = known.get(task)
        if before is None or host.touches(task.top) or host.touches(task.split):
            buffer = new_buffer() if buffer is None else buffer
            before = look(host, task, buffer)
        found[task] = before
    return found


def _untied(host: Host, found: LayerLook, task: Task, buffer: memoryview) -> LayerLook:
    """Judge again a layer whose tar-split may belong to another layer: then its headers show no missing or extra entries.

    If the directory alone makes a tar with the layer's digest, it is complete, and the tar-split is another layer's.
    """
    found = replace(found, lost=(), extra=(), extra_count=0)
    try:
        tree = open_tree(host, task.top)
        try:
            made, _ = make(tree, task.diff, buffer, most_bytes=_REMAKE_BYTES)
        finally:
            tree.close()
    except (HostError, OSError):
        made = None
    if made is None:
        return found
    return LayerLook(
        chain=task.chain, directory=task.directory, split_problem="it is another layer's, or its headers are altered"
    )


def _others(graph: LayerGraph, task: Task) -> tuple[HostPath, ...]:
    return tuple(
        graph.layers.diff_path(name)
        for name, known in graph.layers.directories.items()
        if name != task.directory and known.has_diff
    )
