"""Advise what to do with a failing disk."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def disk_errors(finding: Finding) -> Iterator[Action]:
    """Show the commands: the data first."""
    yield Advise(
        text="save images, volumes and writable layers to another disk: 'doctor salvage --to DIR --volumes --containers'; "
        f"then judge the disk: smartctl -a /dev/{finding.subject.name}"
    )
