"""Recreate a missing layer record."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.engines.docker import places as docker
from doctor.facts.backup.files import KeptLayer, KeptTarSplits, MetadataBackup
from doctor.facts.layers.candidates import DirectoryClues, layer_candidates
from doctor.facts.layers.details import LayerPlace
from doctor.facts.layers.graph import LayerGraph, is_size
from doctor.facts.layers.proofs import LayerProofs
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_missing(  # noqa: PLR0917 - each is a fact of its own
    detail: LayerPlace,
    graph: LayerGraph,
    proofs: LayerProofs,
    clues: DirectoryClues,
    backup: MetadataBackup | Missing,
    splits: KeptTarSplits | Missing,
) -> Iterator[Action]:
    """Write a record from the image's config, with the directory that the layers above or the backup name."""
    chain, directory = detail.chain, detail.directory
    layer = graph.expected[chain]
    kept = backup.layers.get(chain) if isinstance(backup, MetadataBackup) else None
    from_backup = not directory and kept is not None and kept.cache_id in graph.free_directories()
    if kept is not None and from_backup:
        directory = kept.cache_id
    if directory:
        yield _rebuild(
            graph,
            proofs,
            chain,
            directory,
            kept=kept,
            splits=splits,
            age=backup.age if from_backup and isinstance(backup, MetadataBackup) else "",
        )
        return
    images = graph.image_titles(layer.images)
    candidates = layer_candidates(graph, layer)
    if not candidates:
        yield Advise(text=fetch_again(images, remove=False))
        return
    yield Choose(
        question=f"which layer directory belongs to {graph.title(chain)} (pulling or loading the image again needs no answer)",
        options=tuple(
            Choosable(
                name=name,
                evidence=clues.evidence(graph, name),
                actions=(_rebuild(graph, proofs, chain, name, kept=kept, splits=splits, age=""),),
                takes=f"layer directory {name[:12]}",
            )
            for name in candidates
        ),
    )


def _rebuild(
    graph: LayerGraph,
    proofs: LayerProofs,
    chain: str,
    directory: str,
    *,
    kept: KeptLayer | None,
    splits: KeptTarSplits | Missing,
    age: str,
) -> Rebuild:
    """Return the action that writes a layer's record with a directory; ``age`` is the backup's that names it, or ""."""
    layer = graph.expected[chain]
    size = proofs.of(chain).size_bytes
    values = {docker.DIFF_ID: layer.diff, docker.LAYER_SIZE: str(max(size, 0)), docker.CACHE_ID: directory}
    if size < 0 and kept is not None and is_size(kept.size):
        values[docker.LAYER_SIZE] = kept.size
    if layer.parent:
        values[docker.PARENT] = f"sha256:{layer.parent}"
    contents = {name: text.encode() for name, text in values.items()}
    split = splits.items.get(chain) if isinstance(splits, KeptTarSplits) else None
    if split is not None:
        contents[docker.TAR_SPLIT] = split.content
    age = split.age if split is not None else age
    return Rebuild(
        items=tuple(
            WantedPath(path=graph.layers.record_path(chain, name), node=File(content=content))
            for name, content in contents.items()
        ),
        what=f"recreate the record of {graph.title(chain)}"
        + (f", from the backup {age}" if age else "")
        + ("" if split is not None else ", without its tar-split"),
        stage=Stage.LAYERS,
    )
