"""Advise how to start a container whose start failed."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def start_failed(finding: Finding) -> Iterator[Action]:
    """Show the command; only the user knows how to correct the error."""
    yield Advise(text=f"correct the error that the engine recorded, then: docker start {finding.subject.name}")
