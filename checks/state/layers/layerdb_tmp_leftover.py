"""An interrupted pull left an unfinished layer record."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="no stale unfinished layer record exists")
def layerdb_tmp_leftover(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """An interrupted pull, load or build left an unfinished layer record, which the engine ignores and never removes.

    What it looks at:
        Entries of ``image/overlay2/layerdb/tmp`` that are older than the running engine, or all entries if no engine runs.

    Why it matters:
        It occupies little space and does no harm. It may hold the tar-split of a layer whose record is lost: while any layer
        record is missing or corrupt, nothing is reported or moved.

    How it is fixed:
        If the engine is down, the record is moved to quarantine. Nothing is stopped for this repair.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    if any(graph.record(layer.chain) is None or graph.damaged_files(layer) for layer in graph.needed()):
        return
    for name in leftovers.write_sets:
        path = graph.layers.unfinished_path(name)
        yield Finding(
            subject=Subject("layer-record", name),
            message=f"layer record {name} is unfinished after an interrupted pull, load or build: the engine ignores it",
            evidence=(Evidence(path, "older than the engine" if leftovers.is_engine_up else "no engine runs"),),
            detail=OfFile(path=path),
        )
