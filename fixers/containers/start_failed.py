"""Say how a container whose start failed comes back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def start_failed(finding: Finding) -> Iterator[Action]:
    """Advise: only who made it knows what it needs."""
    yield Advise(text=f"mend what the engine says, then: docker start {finding.subject.name}")
