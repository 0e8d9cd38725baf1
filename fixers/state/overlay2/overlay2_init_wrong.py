"""Recreate entries of a container's -init layer."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, HostPath, Stage, fixer
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.details import OfContainer
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.init_layers import FILES, FOLDERS, LINKS, InitLayers
from doctor.model.step import Directory, File, Symlink


@fixer(applicability=Applicability.SAFE)
def overlay2_init_wrong(detail: OfContainer, inits: InitLayers, graph: LayerGraph) -> Iterator[Action]:
    """Move the wrong entries to quarantine, and recreate them as the engine does."""
    container_id = detail.container_id
    top = graph.layers.diff_path(f"{graph.layers.mounts[container_id].mount_id}-init")
    wrong = inits.wrong[container_id]
    needed = {entry for entry in (*FOLDERS, *FILES, *LINKS) if entry in wrong or entry.partition("/")[0] in wrong}
    yield Rebuild(
        items=tuple(_wanted(f"{top}/{entry}", entry) for entry in (*FOLDERS, *FILES, *LINKS) if entry in needed),
        what=f"recreate {', '.join(sorted(wrong))} in the -init layer of container {graph.container_title(container_id)}",
        stage=Stage.LINKS,
    )


def _wanted(path: str, entry: str) -> WantedPath:
    node = Directory() if entry in FOLDERS else Symlink(target=LINKS[entry]) if entry in LINKS else File()
    return WantedPath(path=HostPath(path), node=node, mode=0o755)
