"""Advise how to make the hidden mount accessible."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def mount_over_data_root(finding: Finding) -> Iterator[Action]:
    """Show the commands; the upper mount may be the intended one, and may have new files."""
    yield Advise(
        text=f"stop the engine; findmnt {finding.subject.name} shows the upper mount: copy the files that you need from it; then umount "
        f"{finding.subject.name}, and start the engine"
    )
