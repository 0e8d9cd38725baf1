"""Rebuild a layer's record from what proves it."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, Quarantine, Rebuild, Stage, Wanted
from doctor.facts.layer_graph import LayerGraph
from doctor.facts.layer_proofs import LayerProofs
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_empty(finding: Finding, graph: LayerGraph, proofs: LayerProofs) -> Iterator[Action]:
    """Write what the image's config says, and the directory whose content proves to be the layer's."""
    chain, files = finding.detail.chain, finding.detail.files
    layer, proof = graph.expected[chain], proofs.of(chain)
    values = {"diff": layer.diff}
    if layer.parent:
        values["parent"] = f"sha256:{layer.parent}"
    if "cache-id" in files:
        if not proof.directory:
            yield Advise(
                text=f"pull or load the images on layer {chain[:12]} again after 'docker rmi': which directory holds it can't "
                f"be proven ({proof.why})"
            )
            return
        values["cache-id"] = proof.directory
    if "size" in files:
        values["size"] = str(max(proof.size_bytes, 0))
    if "parent" in files and not layer.parent:
        yield Quarantine(
            path=graph.layers.record_path(chain, "parent"), why="the first layer has no parent", stage=Stage.LAYERS
        )
    wanted = [name for name in files if name in values]
    if wanted:
        yield Rebuild(
            items=tuple(
                Wanted(path=graph.layers.record_path(chain, name), node=File(content=values[name].encode()))
                for name in wanted
            ),
            what=f"rebuild the record of {graph.title(chain)}: {', '.join(wanted)}",
            stage=Stage.LAYERS,
        )
