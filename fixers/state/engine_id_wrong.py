"""Let the engine make itself a new identity."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Quarantine


@fixer(applicability=Applicability.SAFE)
def engine_id_wrong(finding: Finding) -> Iterator[Action]:
    """Move what is there into quarantine."""
    yield Quarantine(path=finding.detail.path, why="the engine makes a new identity at its next start")
