"""Advise how to recreate the container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; the mode can be set only when a container is created."""
    name = finding.subject.name.partition(" ")[0]
    yield Advise(
        text=f"recreate {name} so that it shares the namespace of an existing container: docker inspect {name} shows its settings; with compose, docker "
        "compose up -d --force-recreate"
    )
