"""An empty record blocks a layer."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph


@check(severity=Severity.WARNING, detail=OfLayer, ok="no empty layer record blocks a pull")
def layer_metadata_hollow(graph: LayerGraph) -> Iterator[Finding]:
    """An interrupted pull left an empty layer record, so every later pull of an image with that layer fails.

    What it looks at:
        Directories of ``image/overlay2/layerdb/sha256`` without ``diff`` and ``cache-id`` whose layer no image, no other
        record and no container needs. While an image's config is damaged nothing is said: it may need the layer.

    Why it matters:
        dockerd starts without a word, and then "rename …/layerdb/tmp/write-set-… : file exists" ends every pull or load that
        brings this layer, for ever.

    How it is fixed:
        The directory, which holds nothing that anything refers to, goes into quarantine.

    References:
        https://github.com/moby/moby/issues/44909
    """
    if any(not config.is_sound for config in graph.images.configs.values()):
        return
    needed = {f"sha256:{chain}" for chain in graph.expected}
    needed.update(record.parent for record in graph.layers.records.values() if record.parent)
    needed.update(mount.parent for mount in graph.layers.mounts.values() if mount.parent)
    for chain, record in graph.layers.records.items():
        if record.is_hollow and f"sha256:{chain}" not in needed:
            yield Finding(
                subject=Subject("layer", chain[:12]),
                message=f"no image with layer {chain[:12]} can be pulled or loaded: an interrupted pull left its empty record",
                evidence=(Evidence(graph.layers.record_path(chain), "has neither diff nor cache-id"),),
                detail=OfLayer(chain=chain),
            )
