"""Advise how to free removed control groups."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def leaked() -> Iterator[Action]:
    """Show the command; an empty page cache makes every program slow for a while."""
    yield Advise(
        text="free those whose memory is page cache: sync; sysctl vm.drop_caches=3; if the number stays, reboot with a newer kernel"
    )
