"""Advise a reboot."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def reboot_needed() -> Iterator[Action]:
    """Show the command; a reboot stops every container, so the user chooses the time."""
    yield Advise(text="systemctl reboot at a convenient time; containers with a restart policy start by themselves")
