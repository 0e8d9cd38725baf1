"""Advise how to give a container another logging driver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, set_aside


@fixer(applicability=Applicability.MANUAL)
def container_driver(finding: Finding) -> Iterator[Action]:
    """Show the commands; only the user knows the container's options."""
    name = finding.subject.name
    yield Advise(
        text=f"{set_aside(name)}; then create {name} again without --log-driver, or with 'logging: driver: json-file' in its compose file"
    )
