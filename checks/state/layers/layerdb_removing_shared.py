"""A half-removed layer record shares the directory of a live layer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.state import EngineState
from doctor.facts.layers.details import SharedRecord
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.CRITICAL,
    detail=SharedRecord,
    ok="no half-removed layer record shares the directory of a live layer",
)
def layerdb_removing_shared(graph: LayerGraph, state: EngineState | Missing) -> Iterator[Finding]:
    """A half-removed layer record names the directory of a live layer, so the next clean engine stop deletes that layer.

    What it looks at:
        Directories ``CHAIN-NUMBER-removing`` in ``image/overlay2/layerdb/sha256`` whose ``cache-id`` is also in a live record.

    Why it matters:
        At a clean shutdown dockerd finishes interrupted removals: it deletes the directory even if another layer uses it. Until
        then the fault is not visible. It happens after a file system was rolled back or restored.

    How it is fixed:
        If the engine is down, the half-removed record is moved to quarantine before it starts; the layer is kept. Doctor
        changes nothing in the data root of a running engine and stops no engine for this repair: the administrator must move
        the record away.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/layer_store.go
    """
    owners = {directory: chain for chain, directory in graph.cache.items()}
    is_down = not (isinstance(state, EngineState) and state.pid)
    for name, cache_id in graph.layers.removing.items():
        if cache_id in owners:
            path = graph.layers.record_path(name)
            yield Finding(
                subject=Subject("layer", owners[cache_id][:12]),
                message=f"a half-removed record names the directory of {graph.title(owners[cache_id])}: the next clean stop of the engine "
                "deletes this layer",
                evidence=(
                    Evidence(f"{path}/{docker.CACHE_ID}", cache_id),
                    Evidence(graph.layers.record_path(owners[cache_id], docker.CACHE_ID), cache_id),
                ),
                detail=SharedRecord(path=path, is_down=is_down),
                start_destroys=True,
            )
