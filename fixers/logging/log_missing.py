"""Say how a running container gets a log again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def log_missing(finding: Finding) -> Iterator[Action]:
    """Its restart is a person's to time."""
    name, path = finding.subject.name, finding.evidence[0].source
    yield Advise(
        text=f"to keep what was written since: cp \"$(find /proc/$(pidof dockerd)/fd -lname '{path}*' | head -n 1)\" {name}.log; then"
        f" docker restart {name}"
    )
