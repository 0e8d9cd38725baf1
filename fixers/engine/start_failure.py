"""Advise what to do about a failed start."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import StartFailure


@fixer(applicability=Applicability.MANUAL)
def start_failure(finding: Finding, detail: StartFailure) -> Iterator[Action]:
    """Show the remedy for the error, and the command that shows the log."""
    source = finding.evidence[0].source
    show = f"tail -n 50 {source}" if source.startswith("/") else "journalctl -u docker.service -n 50"
    yield Advise(text=f"{detail.do}; {show} shows the preceding lines")
