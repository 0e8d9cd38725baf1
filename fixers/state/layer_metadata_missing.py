"""Write a lost layer record again."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, Missing, fixer
from doctor.api.actions import Action, Advise, Rebuild, Stage, Wanted
from doctor.facts.layer_graph import LayerGraph, is_size
from doctor.facts.layer_proofs import LayerProofs
from doctor.facts.metadata_backup import KeptTarSplits, MetadataBackup
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def layer_metadata_missing(
    finding: Finding,
    graph: LayerGraph,
    proofs: LayerProofs,
    backup: MetadataBackup | Missing,
    splits: KeptTarSplits | Missing,
) -> Iterator[Action]:
    """Write what the image tells and the directory that all above it stands on, or the backup's; else name the images."""
    chain, directory = finding.detail.chain, finding.detail.directory
    layer = graph.expected[chain]
    kept = backup.layers.get(chain) if isinstance(backup, MetadataBackup) else None
    from_backup = not directory and kept is not None and kept.cache_id in graph.free_directories()
    if kept is not None and from_backup:
        directory = kept.cache_id
    if not directory:
        yield Advise(text=f"pull or load again: {', '.join(graph.image_titles(layer.images)[:6])}")
        return
    size = proofs.of(chain).size_bytes
    values = {"diff": layer.diff, "size": str(max(size, 0)), "cache-id": directory}
    if size < 0 and kept is not None and is_size(kept.size):
        values["size"] = kept.size
    if layer.parent:
        values["parent"] = f"sha256:{layer.parent}"
    contents = {name: text.encode() for name, text in values.items()}
    split = splits.items.get(chain) if isinstance(splits, KeptTarSplits) else None
    if split is not None:
        contents["tar-split.json.gz"] = split.content
    age = split.age if split is not None else backup.age if from_backup and isinstance(backup, MetadataBackup) else ""
    yield Rebuild(
        items=tuple(
            Wanted(path=graph.layers.record_path(chain, name), node=File(content=content))
            for name, content in contents.items()
        ),
        what=f"write the record of {graph.title(chain)} again"
        + (f", with the backup of {age} ago" if age else "")
        + ("" if split is not None else ", without its tar-split"),
        stage=Stage.LAYERS,
    )
