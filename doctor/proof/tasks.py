"""Which layers can be compared with their tar headers, and how their owners are shifted on disk."""

from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.graph import LayerGraph
from doctor.proof.layer import Task


def tasks_of(root: DataRoot, graph: LayerGraph) -> list[Task]:
    """Return the layers of sound images that have a directory and a tar-split, lowest first."""
    shift = root.owner_shift
    tasks = []
    for layer in graph.needed():
        record, directory = graph.record(layer.chain), graph.cache.get(layer.chain)
        if record is None or directory is None or record.lacks_split:
            continue
        known = graph.directory(directory)
        if known is None or not known.has_diff:
            continue
        size = int(record.size) if record.size and record.size.isascii() and record.size.isdigit() else 0
        tasks.append(
            Task(
                chain=layer.chain,
                diff=layer.diff,
                directory=directory,
                top=graph.layers.diff_path(directory),
                split=graph.layers.split_path(layer.chain),
                shift=shift,
                size=size,
            )
        )
    return tasks
