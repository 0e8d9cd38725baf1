"""No record shows what a writable layer lost."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_layer_copied(finding: Finding) -> Iterator[Action]:
    """Name the commands that show and save the container's files, and that recreate it."""
    name = finding.subject.name
    yield Advise(
        text=f"docker diff {name} shows what it wrote, and docker cp saves it; then docker rm {name} and recreate it from its image"
        " (docker compose up --force-recreate); its volumes stay"
    )
