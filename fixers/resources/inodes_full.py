"""Advise how to free inodes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def inodes_full(finding: Finding) -> Iterator[Action]:
    """Show the commands that find and free inodes."""
    yield Advise(
        text=f"find what uses the inodes: du --inodes -xS {finding.subject.name} | sort -n | tail; "
        "then docker image prune or docker builder prune as you see fit"
    )
