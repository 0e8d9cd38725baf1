"""Say that a reboot is due."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def reboot_needed() -> Iterator[Action]:
    """A reboot stops every container: a person chooses the moment."""
    yield Advise(text="systemctl reboot when it suits; containers with a restart policy come back by themselves")
