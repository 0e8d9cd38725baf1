"""Say how a path comes back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def mount_source_missing(finding: Finding) -> Iterator[Action]:
    """Only a person knows where its data is."""
    path = finding.subject.name
    yield Advise(
        text=f"mount what holds {path} (findmnt --fstab; mount -a), or restore it; mkdir -p {path} starts its containers without data"
    )
