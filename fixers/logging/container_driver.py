"""Say how a container gets another logging driver."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_driver(finding: Finding) -> Iterator[Action]:
    """Only its owner knows how the container was made."""
    name = finding.subject.name
    yield Advise(
        text=f"docker rm {name}, and create it again without --log-driver, or with 'logging: driver: json-file' in its compose file"
    )
