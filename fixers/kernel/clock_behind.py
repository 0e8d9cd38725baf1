"""Advise how the time is set."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def clock_behind() -> Iterator[Action]:
    """Show the commands of both usual programs."""
    yield Advise(
        text="compare 'date -u' with the real time; if it is wrong: systemctl restart systemd-timesyncd, or chronyc makestep"
    )
