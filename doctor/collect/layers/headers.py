"""Compares tar headers with the disk, without contents: a few in each scan, many if these or a container are suspicious."""

from msgspec.structs import replace

from doctor.collect.layers.copies import copied_layers
from doctor.collect.layers.glance import Glance, glance
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.kernel.kernel import Kernel
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.headers import CopiedRoot, HeaderLook, LayerHeaders
from doctor.host.base import Host
from doctor.host.noted import in_whole
from doctor.model.declare import collector
from doctor.model.missing import Missing, Why

_SAMPLE = 4
_MARKS_SINCE = (4, 19)
"""4.12 introduced the xattrs; they are not judged before the first long-term kernel with them."""
_MANY = 10_000
"""Limit of entries, about half a second."""


@collector
def layer_headers(host: Host, root: DataRoot, graph: LayerGraph) -> LayerHeaders:
    """Return results of a limited number of layers, small ones first: these have what an image changed."""
    from doctor.proof.headers import compare_all  # noqa: PLC0415
    from doctor.proof.tasks import tasks_of  # noqa: PLC0415

    host = in_whole(host, root.resolved)
    looks, left = compare_all(host, sorted(tasks_of(root, graph), key=lambda task: (task.size, task.chain)), _MANY)
    titled = {chain: replace(look, title=graph.title(chain)) if look.lost else look for chain, look in looks.items()}
    return LayerHeaders(looks=titled, left=left, gaps=_gaps(looks))


@collector
def copied_root(host: Host, root: DataRoot, graph: LayerGraph, kernel: Kernel | Missing) -> CopiedRoot:
    """Return the evidence of a copy without attributes; compared only if a few entries or a container are suspicious."""
    few = _few(host, root, graph)
    has_marks = not isinstance(kernel, Missing) and kernel.release.numbers[:2] >= _MARKS_SINCE
    containers = copied_layers(host, graph, has_marks=has_marks)
    if not containers and not any(one.is_reason for one in few):
        return CopiedRoot(looks={})
    found = layer_headers(host, root, graph)
    copies = [look.oldest_ns for look in found.looks.values() if look.was_copied]
    if copies:
        containers = copied_layers(host, graph, since_ns=min(copies), has_marks=has_marks)
    return CopiedRoot(looks=found.looks, left=found.left, containers=containers, gaps=found.gaps)


def _few(host: Host, root: DataRoot, graph: LayerGraph) -> list[Glance]:
    """Compare a few entries of layers of different sizes."""
    sizes = sorted(
        (record.tar_split_bytes, layer.chain)
        for layer in graph.needed()
        if layer.chain in graph.cache and (record := graph.record(layer.chain)) is not None and not record.lacks_split
    )
    chosen = [sizes[number * len(sizes) // _SAMPLE] for number in range(_SAMPLE)] if len(sizes) > _SAMPLE else sizes
    layers = graph.layers
    return [
        glance(
            host,
            layers.split_path(chain),
            layers.diff_path(graph.cache[chain]),
            root.owner_shift,
        )
        for _, chain in chosen
    ]


def _gaps(looks: dict[str, HeaderLook]) -> tuple[Missing, ...]:
    return tuple(Missing(Why.UNREADABLE, look.gap) for look in looks.values() if look.gap)
