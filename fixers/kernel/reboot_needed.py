"""Say that a reboot is due."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def reboot_needed(finding: Finding) -> Iterator[Action]:
    """A reboot stops every container: a person chooses the moment."""
    del finding
    yield Advise(text="systemctl reboot when it suits; containers with a restart policy come back by themselves")
