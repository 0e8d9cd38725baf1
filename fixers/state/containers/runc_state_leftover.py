"""Clear the runtime's state of a dead container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.files import Quarantine


@fixer(applicability=Applicability.SAFE)
def runc_state_leftover(finding: Finding) -> Iterator[Action]:
    """Move the directory into quarantine."""
    yield Quarantine(path=finding.detail.path, why="the process it describes is gone")
