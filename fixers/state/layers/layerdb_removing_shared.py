"""Keep a clean stop of the engine from deleting a live layer."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.layers.details import SharedRecord


@fixer(applicability=Applicability.SAFE)
def layerdb_removing_shared(detail: SharedRecord) -> Iterator[Action]:
    """Move the half-removed record into quarantine while no engine runs; the layer's own record and directory stay."""
    if detail.is_down:
        yield Quarantine(path=detail.path, why="the engine would delete a live layer to finish it", stage=Stage.GUARD)
        return
    yield Advise(
        text=f"before the engine is stopped or restarted, mv {detail.path} /root/: the running engine does not "
        "use it, and would delete a live layer at its stop to finish it"
    )
