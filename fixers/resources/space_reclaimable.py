"""Advise how to free space before the disk is full."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.details import Largest


@fixer(applicability=Applicability.MANUAL)
def space_reclaimable(detail: Largest) -> Iterator[Action]:
    """Show each command with what it deletes."""
    known = list(dict.fromkeys(eater.remedy for eater in detail.eaters))
    yield Advise(text=f"free space as you see fit: {'; '.join(known)}")
