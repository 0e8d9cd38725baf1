"""Prevent the deletion of a live layer at a clean engine stop."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Stage, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import Quarantine
from doctor.facts.layers.details import SharedRecord


@fixer(applicability=Applicability.SAFE)
def layerdb_removing_shared(detail: SharedRecord) -> Iterator[Action]:
    """Move the half-removed record to quarantine if no engine runs; keep the layer's own record and directory."""
    if detail.is_down:
        yield Quarantine(
            path=detail.path, why="the engine would delete a live layer to finish this removal", stage=Stage.GUARD
        )
        return
    yield Advise(
        text=f"before you stop or restart the engine, mv {detail.path} /root/: the running engine does not use it, but "
        "deletes a live layer when it stops"
    )
