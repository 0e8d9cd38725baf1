"""An empty layer record blocks pulls."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfLayer
from doctor.facts.layers.graph import LayerGraph


@check(
    severity=Severity.WARNING,
    detail=OfLayer,
    ok="no empty layer record blocks a pull",
    messages=(
        Message(
            pattern=r"rename /\S*/layerdb/tmp/write-set-\S+ .*file exists",
            example="rename /var/lib/docker/image/overlay2/layerdb/tmp/write-set-1234 /var/lib/docker/image/overlay2/layerdb/sha256/ab: file exists",
            means="an interrupted pull left an empty directory, so every later pull of that layer fails",
            do="let 'doctor fix' remove it, and pull again",
        ),
    ),
)
def layer_metadata_hollow(graph: LayerGraph) -> Iterator[Finding]:
    """An interrupted pull left an empty layer record, so each later pull of an image with that layer fails.

    What it looks at:
        Directories in ``image/overlay2/layerdb/sha256`` without ``diff`` and ``cache-id`` whose layer no image, no container
        and no other record needs. While the config of any image is corrupt, none are reported: that image may need the layer.

    Why it matters:
        dockerd starts normally, but each pull or load that contains this layer fails with "rename …/layerdb/tmp/write-set-… :
        file exists".

    How it is fixed:
        The directory is moved to quarantine. Nothing refers to it.

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
                message=f"the record of layer {chain[:12]} is empty after an interrupted pull: no image with this layer can be pulled or loaded",
                evidence=(Evidence(graph.layers.record_path(chain), "no diff and no cache-id"),),
                detail=OfLayer(chain=chain),
            )
