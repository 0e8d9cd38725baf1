"""Show how to save the files of a lost container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.engines.docker import places as docker
from doctor.facts.details import OfDirectory
from doctor.facts.layers.graph import LayerGraph


@fixer(applicability=Applicability.MANUAL)
def container_layer_orphan(detail: OfDirectory, graph: LayerGraph) -> Iterator[Action]:
    """Name the directory and the commands; user data is never moved."""
    name = detail.directory
    diff = graph.layers.diff_path(name)
    below = graph.parents.get(docker.init_layer(name), "")
    image = next((chain for chain, directory in graph.cache.items() if directory == below), "")
    known = graph.expected.get(image)
    names = graph.image_titles(known.images) if known is not None else ()
    salvage = f"'doctor salvage --to DIR {names[0]}' writes its image; " if names else ""
    yield Advise(
        text=f"{salvage}tar -C {diff} --xattrs --xattrs-include='*' -cf FILE . saves the container's own files; "
        "remove the directory only if you need none of them"
    )
