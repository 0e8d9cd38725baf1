"""Let the engine take its settings."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.engine import RestartEngine


@fixer(applicability=Applicability.SAFE)
def not_applied(finding: Finding) -> Iterator[Action]:
    """Reload it for a key that it takes so, restart it for one that it reads at its start only."""
    yield RestartEngine(reason=f"it takes {finding.subject.name} from its settings file", key=finding.subject.name)
