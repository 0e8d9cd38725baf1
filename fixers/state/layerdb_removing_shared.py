"""Keep a clean stop of the engine from deleting a live layer."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Quarantine, Stage


@fixer(applicability=Applicability.SAFE)
def layerdb_removing_shared(finding: Finding) -> Iterator[Action]:
    """Move the half-removed record into quarantine; the layer's own record and directory stay."""
    yield Quarantine(
        path=finding.detail.path, why="the engine would delete a live layer to finish it", stage=Stage.LAYERS
    )
