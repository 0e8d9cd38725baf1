"""Let the engine take its settings."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, RestartEngine


@fixer(applicability=Applicability.SAFE)
def not_applied(finding: Finding) -> Iterator[Action]:
    """Reload it for a key that it takes so, restart it for one that it reads at its start only."""
    yield RestartEngine(reason=f"it takes {finding.subject.name} from its settings file", key=finding.subject.name)
