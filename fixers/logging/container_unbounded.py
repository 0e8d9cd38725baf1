"""Advise how to limit a container's log."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.facts.details import OfFile


@fixer(applicability=Applicability.MANUAL)
def container_unbounded(finding: Finding, detail: OfFile) -> Iterator[Action]:
    """Show the commands; only the user knows whether the log is needed."""
    name = finding.subject.name
    yield Advise(
        text=f"truncate -s 0 {detail.path}; then {set_aside(name)}, and create {name} again with max-size in log-opts"
    )
