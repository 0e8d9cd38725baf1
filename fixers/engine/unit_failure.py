"""Advise what to do about a failed unit."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import StartFailure


@fixer(applicability=Applicability.MANUAL)
def unit_failure(finding: Finding, detail: StartFailure) -> Iterator[Action]:
    """Show the remedy for the error, the command that shows the journal, and the one that starts the unit."""
    restart = "" if "restart" in detail.do else f"; then systemctl restart {finding.subject.name}"
    yield Advise(text=f"{detail.do} shows the lines before it{restart}")
