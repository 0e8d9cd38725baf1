"""Show how to release a foreign lock."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def database_locked(finding: Finding) -> Iterator[Action]:
    """Advise to end the lock holder."""
    yield Advise(
        text=f"end the process that holds {finding.subject.name} (ps -fp PID shows it: {finding.evidence[0].value}), then systemctl start"
        " docker; don't copy the file to bypass the lock"
    )
