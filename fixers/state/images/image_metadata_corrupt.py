"""Restore the record of an image's parent."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.state import Rebuild, WantedPath
from doctor.facts.backup.lists import KeptNotes
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images
from doctor.model.paths import join
from doctor.model.step import File


@fixer(applicability=Applicability.SAFE)
def image_metadata_corrupt(detail: OfImage, images: Images, kept: KeptNotes | Missing) -> Iterator[Action]:
    """Restore the record from the backup; without one, nothing depends on it."""
    identity = detail.identity
    notes = kept.lost.get(identity) if isinstance(kept, KeptNotes) else None
    if not isinstance(kept, KeptNotes) or not notes:
        yield Advise(
            text="nothing to do: the next build of the image writes it; don't run 'docker image prune' before that"
        )
        return
    top = images.metadata_path(identity)
    yield Rebuild(
        items=tuple(
            WantedPath(path=join(top, name), node=File(content=notes[name]), mode=0o644) for name in sorted(notes)
        ),
        what=f"restore the build records of image {images.title(identity)} from the backup {kept.age}",
        stage=Stage.CONTENTS,
    )
