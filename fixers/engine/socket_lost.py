"""Restart the engine so that it binds its socket's path."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.engine import RestartEngine


@fixer(applicability=Applicability.SAFE)
def socket_lost(finding: Finding) -> Iterator[Action]:
    """Restart the engine: it binds the path only at its start."""
    yield RestartEngine(reason=f"it listens at {finding.subject.name} again")
