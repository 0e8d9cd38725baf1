"""Bring the image store back, or say how images come back of which nothing is known."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, Stage, fixer
from doctor.api.actions.advice import Advise, fetch_again
from doctor.api.actions.state import Rebuild, Wanted
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.model.paths import parent
from doctor.model.step import Directory


@fixer(applicability=Applicability.SAFE)
def image_store_missing(
    finding: Finding, lost: LostImages, images: Images, containers: Containers | Missing
) -> Iterator[Action]:
    """Make its directory, where the backup has what was in it: that is then written by the fixers of what is missing in it."""
    if lost.items:
        age = next(iter(lost.items.values())).age
        yield Rebuild(
            items=(Wanted(path=parent(images.path_of("0" * 64)), node=Directory(), mode=0o700),),
            what=f"recreate the image store for the {len(lost.items)} images of the backup {age}",
            stage=Stage.CONTENTS,
        )
        return
    items = containers.items if isinstance(containers, Containers) else ()
    names = sorted({one.image for one in items if one.image})
    again = fetch_again(names, remove=False)
    yield Advise(
        text=f"cp -a {finding.subject.name} back from a copy of this disk, if there is one; else {again}, and copy what "
        "containers wrote from overlay2/*/diff. Remove nothing below overlay2 before that"
    )
