"""Restore an image config from a copy with the right hash."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.facts.images.sources import ImageSources
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def image_content_missing(
    detail: OfImage, images: Images, sources: ImageSources, lost: LostImages | Missing
) -> Iterator[Action]:
    """Write the copy whose sha256 is the image's ID; otherwise show how to fetch the image again."""
    identity = detail.identity
    source = sources.items.get(identity)
    if source is None:
        names = images.names_of(identity)
        name = names[0] if names else "NAME"
        yield Advise(
            text=f"pull or load the image again ('docker pull {name}'): no copy of its config has the right hash"
        )
        return
    left = lost.items.get(identity) if isinstance(lost, LostImages) else None
    title = images.title(identity) if left is None else left.title
    yield Rebuild(
        items=(WantedPath(path=images.path_of(identity), node=File(content=source.content), mode=0o600),),
        what=f"restore the config of image {title} from {source.origin}",
        stage=Stage.CONTENTS,
    )
