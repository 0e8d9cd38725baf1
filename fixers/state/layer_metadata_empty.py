"""Rebuild a layer's record from what proves it."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Quarantine, Rebuild, Stage, Wanted
from doctor.facts.deep_splits import MadeSplits
from doctor.facts.layer_graph import LayerGraph, is_size
from doctor.facts.layer_proofs import LayerProofs
from doctor.facts.metadata_backup import MetadataBackup
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_empty(
    finding: Finding,
    graph: LayerGraph,
    proofs: LayerProofs,
    backup: MetadataBackup | Missing,
    made: MadeSplits | Missing,
) -> Iterator[Action]:
    """Write what the image's config says, and the directory whose content proves to be the layer's, else the kept one.

    Where the tar-split is gone too, neither proves the other: a directory whose tar has the digest tells both, or none.
    """
    chain, files = finding.detail.chain, finding.detail.files
    layer, proof = graph.expected[chain], proofs.of(chain)
    values = {"diff": layer.diff}
    if layer.parent:
        values["parent"] = f"sha256:{layer.parent}"
    kept = backup.layers.get(chain) if isinstance(backup, MetadataBackup) else None
    origin, split = "", b""
    if "cache-id" in files:
        directory = proof.directory
        if isinstance(backup, MetadataBackup) and kept is not None and not directory:
            directory = kept.cache_id if kept.cache_id in graph.free_directories() else ""
            origin = f" (its directory from the backup of {backup.age} ago)"
        proven = made.items.get(chain) if isinstance(made, MadeSplits) and not directory else None
        if proven is not None:
            directory, split = proven.directory, proven.content
            origin = " and its tar-split (its directory makes a tar with its digest)"
        if not directory:
            yield Advise(
                text=f"pull or load the images on layer {chain[:12]} again after 'docker rmi': which directory holds it can't "
                f"be proven ({proof.why})"
            )
            return
        values["cache-id"] = directory
    if "size" in files:
        values["size"] = str(proof.size_bytes) if proof.size_bytes >= 0 or kept is None else kept.size
        values["size"] = values["size"] if is_size(values["size"]) else "0"
    if "parent" in files and not layer.parent:
        yield Quarantine(
            path=graph.layers.record_path(chain, "parent"), why="the first layer has no parent", stage=Stage.LAYERS
        )
    wanted = [name for name in files if name in values]
    contents = {name: values[name].encode() for name in wanted}
    if split:
        contents["tar-split.json.gz"] = split
    if contents:
        yield Rebuild(
            items=tuple(
                Wanted(path=graph.layers.record_path(chain, name), node=File(content=content))
                for name, content in contents.items()
            ),
            what=f"rebuild the record of {graph.title(chain)}: {', '.join(wanted)}{origin}",
            stage=Stage.LAYERS,
        )
