"""Say how a container's log is bounded."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.MANUAL)
def container_unbounded(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """The log is data: only a person can know whether it may go."""
    yield Advise(text=f"truncate -s 0 {detail.path}; then recreate {finding.subject.name} with max-size in log-opts")
