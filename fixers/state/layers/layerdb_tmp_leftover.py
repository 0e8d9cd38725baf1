"""Quarantine an unfinished layer record."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.details import OfFile
from doctor.facts.layers.leftovers import Leftovers


@fixer(applicability=Applicability.SAFE)
def layerdb_tmp_leftover(detail: OfFile, leftovers: Leftovers) -> Iterator[Action]:
    """Move the record to quarantine if no engine runs."""
    if leftovers.is_engine_up:
        yield Advise(text="leave it until the engine is stopped for another reason: it does no harm")
        return
    yield Quarantine(path=detail.path, why="an interrupted pull, load or build left it", stage=Stage.LAYERS)
