"""Say what a failed start points to."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise


@fixer(applicability=Applicability.MANUAL)
def start_failure(finding: Finding) -> Iterator[Action]:
    """The cause is another finding, or a person's matter."""
    yield Advise(text=finding.detail)
