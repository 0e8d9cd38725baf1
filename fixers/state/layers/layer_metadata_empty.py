"""Rebuild a layer record from its image, its directory or the backup."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import Quarantine
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.layers.candidates import DirectoryClues, layer_candidates
from doctor.facts.layers.details import LayerDamage
from doctor.facts.layers.graph import ExpectedLayer, LayerGraph, is_size
from doctor.facts.layers.made_splits import MadeSplits
from doctor.facts.layers.proofs import LayerProofs
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_empty(  # noqa: PLR0917 - each is a fact of its own
    detail: LayerDamage,
    graph: LayerGraph,
    proofs: LayerProofs,
    backup: MetadataBackup | Missing,
    made: MadeSplits | Missing,
    clues: DirectoryClues,
) -> Iterator[Action]:
    """Write the values of the image's config, and the directory whose content is proven, otherwise the directory in the backup.

    Without the tar-split neither proves the other: a directory whose tar has the layer's digest proves both.
    """
    chain, files = detail.chain, detail.files
    layer, proof = graph.expected[chain], proofs.of(chain)
    values = {docker.DIFF_ID: layer.diff}
    if layer.parent:
        values[docker.PARENT] = f"sha256:{layer.parent}"
    kept = backup.layers.get(chain) if isinstance(backup, MetadataBackup) else None
    origin, split = "", b""
    if docker.CACHE_ID in files:
        directory = proof.directory
        if isinstance(backup, MetadataBackup) and kept is not None and not directory:
            directory = kept.cache_id if kept.cache_id in graph.free_directories() else ""
            origin = f" (with the directory from the backup {backup.age})"
        proven = made.items.get(chain) if isinstance(made, MadeSplits) and not directory else None
        if proven is not None:
            directory, split = proven.directory, proven.content
            origin = " and its tar-split (the tar of its directory has the layer's digest)"
        if not directory and isinstance(made, Missing) and layer_candidates(graph, layer):
            yield _ask(detail, graph, clues, layer)
            return
        if not directory:
            yield Advise(
                text=f"{fetch_again(())}, for each image with layer {chain[:12]}: no directory is proven to hold it "
                f"({proof.why})"
            )
            return
        values[docker.CACHE_ID] = directory
    if docker.LAYER_SIZE in files:
        values[docker.LAYER_SIZE] = str(proof.size_bytes) if proof.size_bytes >= 0 or kept is None else kept.size
        values[docker.LAYER_SIZE] = values[docker.LAYER_SIZE] if is_size(values[docker.LAYER_SIZE]) else "0"
    if docker.PARENT in files and not layer.parent:
        yield Quarantine(
            path=graph.layers.record_path(chain, docker.PARENT),
            why="the lowest layer has no parent",
            stage=Stage.LAYERS,
        )
    wanted = [name for name in files if name in values]
    contents = {name: values[name].encode() for name in wanted}
    if split:
        contents[docker.TAR_SPLIT] = split
    if contents:
        yield Rebuild(
            items=tuple(
                WantedPath(path=graph.layers.record_path(chain, name), node=File(content=content))
                for name, content in contents.items()
            ),
            what=f"rebuild the record of {graph.title(chain)}: {', '.join(wanted)}{origin}",
            stage=Stage.LAYERS,
        )


def _ask(detail: LayerDamage, graph: LayerGraph, clues: DirectoryClues, layer: ExpectedLayer) -> Choose:
    """Return the question which of the directories with the same parent layers belongs to this layer."""
    files = detail.files
    values = {
        docker.DIFF_ID: layer.diff,
        docker.LAYER_SIZE: "0",
        **({docker.PARENT: f"sha256:{layer.parent}"} if layer.parent else {}),
    }
    return Choose(
        question=f"which layer directory belongs to {graph.title(layer.chain)} ('doctor fix --deep' proves it by content)",
        options=tuple(
            Choosable(
                name=name,
                evidence=clues.evidence(graph, name),
                actions=(
                    Rebuild(
                        items=tuple(
                            WantedPath(
                                path=graph.layers.record_path(layer.chain, file), node=File(content=text.encode())
                            )
                            for file, text in {**values, docker.CACHE_ID: name}.items()
                            if file in files
                        ),
                        what=f"rebuild the record of {graph.title(layer.chain)}: {', '.join(files)} (with the chosen directory)",
                        stage=Stage.LAYERS,
                    ),
                ),
                takes=f"layer directory {name[:12]}",
            )
            for name in layer_candidates(graph, layer)
        ),
    )
