"""Advise how to free inodes."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.details import Largest


@fixer(applicability=Applicability.MANUAL)
def inodes_full(finding: Finding, detail: Largest) -> Iterator[Action]:
    """Show the commands that free most inodes, or those that find who has them."""
    known = list(dict.fromkeys(eater.remedy for eater in detail.eaters if eater.frees))
    if known:
        yield Advise(text=f"free inodes as you see fit: {'; '.join(known[:3])}")
        return
    yield Advise(
        text=f"find what uses the inodes: du --inodes -xS {finding.subject.name} | sort -n | tail; "
        "then docker image prune or docker builder prune as you see fit"
    )
