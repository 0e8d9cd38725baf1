"""Advise how to limit a container's log."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.MANUAL)
def container_unbounded(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """Show the commands; only the user knows whether the log is needed."""
    yield Advise(text=f"truncate -s 0 {detail.path}; then recreate {finding.subject.name} with max-size in log-opts")
