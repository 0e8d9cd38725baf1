"""Advise how to recreate the container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, set_aside


@fixer(applicability=Applicability.MANUAL)
def container_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; the mode can be set only when a container is created."""
    name = finding.subject.name.partition(" ")[0]
    yield Advise(
        text=f"docker inspect {name} shows its settings; {set_aside(name)}; then create {name} again so that it shares the namespace of an "
        "existing container; with compose, if it wrote nothing that you need: docker compose up -d --force-recreate"
    )
