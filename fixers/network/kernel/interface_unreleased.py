"""Advise to reboot with a newer kernel."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def interface_unreleased() -> Iterator[Action]:
    """Show it; nothing else ends the wait."""
    yield Advise(text="install the newest kernel of the distribution, then: systemctl reboot")
