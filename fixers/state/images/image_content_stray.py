"""Quarantine a file that is not an image config."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile
from doctor.facts.layers.leftovers import Leftovers


@fixer(applicability=Applicability.SAFE)
def image_content_stray(detail: OfFile, leftovers: Leftovers) -> Iterator[Action]:
    """Move it to quarantine if no engine runs."""
    if leftovers.is_engine_up:
        yield Advise(text="leave it until the engine is stopped for another reason: it does no harm")
        return
    yield Quarantine(path=detail.path, why="it is not an image config", stage=Stage.CONTENTS)
