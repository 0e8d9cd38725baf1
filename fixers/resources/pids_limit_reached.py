"""Advise how to allow a container more processes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def pids_limit_reached(finding: Finding) -> Iterator[Action]:
    """Show the commands: a limit stops a fork bomb too."""
    name = finding.subject.name
    yield Advise(
        text=f"see its processes with 'docker top {name}'; if it needs as many: docker update --pids-limit 4096 {name}"
    )
