"""A half-removed record shares a live layer's directory."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.state import EngineState
from doctor.facts.layers.details import SharedRecord
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.CRITICAL, detail=SharedRecord, ok="no half-removed record shares a live layer's directory")
def layerdb_removing_shared(graph: LayerGraph, state: EngineState | Missing) -> Iterator[Finding]:
    """A half-removed record names the directory of a live layer, so the next clean stop of the engine deletes that layer.

    What it looks at:
        Directories ``CHAIN-NUMBER-removing`` in ``image/overlay2/layerdb/sha256`` whose ``cache-id`` a live record has too.

    Why it matters:
        At a clean shutdown dockerd finishes interrupted removals by deleting the directory, whoever else uses it. Everything
        looks healthy until then; it happens after a file system was rolled back or restored.

    How it is fixed:
        The half-removed record goes into quarantine before the engine is started; the layer stays. Doctor writes nothing
        beneath the data root of a running engine, so there a person moves the record away, and no plan stops the engine.

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
                message=f"the next stop of the engine deletes {graph.title(owners[cache_id])}: "
                "a half-removed record names its directory",
                evidence=(
                    Evidence(f"{path}/cache-id", cache_id),
                    Evidence(graph.layers.record_path(owners[cache_id], "cache-id"), cache_id),
                ),
                detail=SharedRecord(path=path, is_down=is_down),
                start_destroys=True,
            )
