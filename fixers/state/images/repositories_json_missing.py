"""Write the image names that other files record."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
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
def repositories_json_missing(
    detail: OfFile, images: Images, containers: Containers | Missing, kept: KeptTags | Missing
) -> Iterator[Action]:
    """Write the names in the backup, containers or a temporary file; otherwise show how to name images manually."""
    known = containers if isinstance(containers, Containers) else Containers()
    found = recover_tags(images, known, kept)
    questions = tuple(ask_names(detail.path, found, images, known))
    if not found.entries and questions:
        yield from questions
        return
    if not found.entries:
        yield Advise(
            text="name the images: 'docker images -a', then 'docker tag ID NAME'; don't run a prune before that"
        )
        return
    yield Rebuild(
        items=(WantedPath(path=detail.path, node=File(content=tags_content(found.entries)), mode=0o600),),
        what=f"write {plural(len(found.entries), 'image name')} into a new repositories.json{found.origin}",
        stage=Stage.TAGS,
    )
    yield from questions
