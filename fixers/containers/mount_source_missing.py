"""Advise how to restore a path."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def mount_source_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; only the user knows where the data is."""
    path = finding.subject.name
    yield Advise(
        text=f"mount the disk with {path} (findmnt --fstab; mount -a), or restore the path; after mkdir -p {path} its containers start without data"
    )
