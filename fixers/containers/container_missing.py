"""Say how to create the container again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_missing(finding: Finding) -> Iterator[Action]:
    """The mode is fixed when a container is made, so only a person can make it again."""
    name = finding.subject.name.partition(" ")[0]
    yield Advise(
        text=f"create {name} again on the container that runs now: docker inspect {name} shows its settings; with compose, docker "
        "compose up -d --force-recreate"
    )
