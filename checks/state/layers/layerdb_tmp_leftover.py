"""An interrupted pull left its unfinished record."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.leftovers import Leftovers
from doctor.model.paths import join


@check(severity=Severity.INFO, detail=OfFile, ok="no unfinished layer record is left over")
def layerdb_tmp_leftover(leftovers: Leftovers, graph: LayerGraph) -> Iterator[Finding]:
    """An interrupted pull, load or build left an unfinished layer record, which the engine ignores and never removes.

    What it looks at:
        Entries of ``image/overlay2/layerdb/tmp`` that are older than the running engine, or any while none runs.

    Why it matters:
        It takes a little space and nothing else. It may hold the tar-split of a layer whose own record is lost: while a
        layer's record is missing or damaged, nothing is said and nothing moved.

    How it is fixed:
        While the engine is down it goes into quarantine. Nothing is stopped for it.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
    """
    if any(graph.record(layer.chain) is None or graph.damaged_files(layer) for layer in graph.needed()):
        return
    for name in leftovers.write_sets:
        path = join(graph.layers.layerdb, "tmp", name)
        yield Finding(
            subject=Subject("layer-record", name),
            message=f"an interrupted pull or build left its unfinished record {name}; the engine ignores it",
            evidence=(Evidence(path, "older than the engine" if leftovers.is_engine_up else "no engine runs"),),
            detail=OfFile(path=path),
        )
