"""Rebuild the list of image names."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.files import Quarantine
from doctor.api.actions.names import ask_names
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.backup.lists import KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images, tags_content
from doctor.model.step import File
from doctor.model.text import plural
from doctor.rebuild.images.tag_sources import recover_tags


@fixer(applicability=Applicability.SAFE)
def repositories_json_corrupt(
    detail: OfFile, images: Images, containers: Containers | Missing, kept: KeptTags | Missing
) -> Iterator[Action]:
    """Write every name that is still recorded; never write an empty list."""
    path = detail.path
    known = containers if isinstance(containers, Containers) else Containers()
    found = recover_tags(images, known, kept)
    if not found.entries:
        yield Quarantine(
            path=path, why="no name in it can be read; the images can still be used by ID", stage=Stage.TAGS
        )
        yield from ask_names(path, found, images, known)
        return
    yield Rebuild(
        items=(WantedPath(path=path, node=File(content=tags_content(found.entries)), mode=0o600),),
        what=f"write {plural(len(found.entries), 'image name')} into repositories.json{found.origin}",
        stage=Stage.TAGS,
    )
    yield from ask_names(path, found, images, known)
