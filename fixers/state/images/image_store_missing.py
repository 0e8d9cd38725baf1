"""Recreate the image store, or show how to fetch unknown images again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.model.paths import parent
from doctor.model.step import Directory
from doctor.model.text import plural


@fixer(applicability=Applicability.SAFE)
def image_store_missing(
    finding: Finding, lost: LostImages, images: Images, containers: Containers | Missing
) -> Iterator[Action]:
    """Recreate its directory if the backup has its content, which other fixers then write."""
    if lost.items:
        age = next(iter(lost.items.values())).age
        yield Rebuild(
            items=(WantedPath(path=parent(images.path_of("0" * 64)), node=Directory(), mode=0o700),),
            what=f"recreate the image store for {plural(len(lost.items), 'image')} in the backup {age}",
            stage=Stage.CONTENTS,
        )
        return
    items = containers.items if isinstance(containers, Containers) else ()
    names = sorted({one.image for one in items if one.image})
    again = fetch_again(names, remove=False)
    yield Advise(
        text=f"restore {finding.subject.name} from a copy of this disk with cp -a, if there is one; otherwise {again}, and copy the "
        "containers' files from overlay2/*/diff; remove nothing in overlay2 before that"
    )
