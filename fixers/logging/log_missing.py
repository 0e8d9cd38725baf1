"""Advise how to recreate a running container's log."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def log_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; the user chooses the time of the restart."""
    name, path = finding.subject.name, finding.evidence[0].source
    yield Advise(
        text=f"to keep the deleted log: cp \"$(find /proc/$(pidof dockerd)/fd -lname '{path}*' | head -n 1)\" {name}.log; then"
        f" docker restart {name}"
    )
