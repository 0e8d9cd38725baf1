"""Let the engine take its settings."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, RestartEngine


@fixer(applicability=Applicability.DISRUPTIVE)
def not_applied(finding: Finding) -> Iterator[Action]:
    """Restart it: these keys are read at start only, or a reload was missed."""
    yield RestartEngine(reason=f"it takes {finding.subject.name} from its settings file")
