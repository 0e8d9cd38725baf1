"""Restore of a layer's tar-split."""

from collections.abc import Iterator

from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, WantedPath, restore
from doctor.facts.backup.files import KeptFile
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.made_splits import MadeSplit
from doctor.model.action import Action, Stage
from doctor.model.step import File


def restore_tar_split(
    graph: LayerGraph, chain: str, kept: KeptFile | None, proven: MadeSplit | None
) -> Iterator[Action]:
    """Yield the restore from the backup, else from the layer directory, proven; without both, advice to pull the images."""
    path = graph.layers.split_path(chain)
    if kept is not None:
        yield restore(path, kept, what=f"restore the tar-split of {graph.title(chain)}", stage=Stage.LAYERS)
    elif proven is not None:
        # If the directory is unknown too, the record's fixer writes both.
        if graph.cache.get(chain) == proven.directory:
            yield Rebuild(
                items=(WantedPath(path=path, node=File(content=proven.content)),),
                what=f"recreate the tar-split of {graph.title(chain)} from its files, whose digest matches",
                stage=Stage.LAYERS,
            )
    else:
        images = graph.image_titles(graph.expected[chain].images)
        yield Advise(text=f"if you must save or push them: {fetch_again(images)}")
