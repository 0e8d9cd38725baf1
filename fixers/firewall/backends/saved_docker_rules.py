"""Take Docker's lines out of a saved rule file."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.firewall import strip_saved_rules


@fixer(applicability=Applicability.SAFE)
def saved_docker_rules(finding: Finding) -> Iterator[Action]:
    """Keep every other byte; rules in force now are not touched."""
    yield strip_saved_rules(finding.detail)
