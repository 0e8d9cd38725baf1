"""Give the engine's socket its path again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.engine import RestartEngine


@fixer(applicability=Applicability.SAFE)
def socket_lost(finding: Finding) -> Iterator[Action]:
    """Restart it: only a start binds the path."""
    yield RestartEngine(reason=f"it listens at {finding.subject.name} again")
