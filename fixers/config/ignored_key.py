"""Say which key is meant."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise
from doctor.facts.engine import DaemonJson


@fixer(applicability=Applicability.MANUAL)
def ignored_key(finding: Finding, file: DaemonJson) -> Iterator[Action]:
    """Only its author knows whether the setting is still wanted."""
    problem = finding.detail
    if problem.meant:
        yield Advise(text=f"in {file.path}, call {problem.name} {problem.meant} to put it in force, or take it out")
    else:
        yield Advise(text=f"take {problem.name} out of {file.path}: it does nothing there")
