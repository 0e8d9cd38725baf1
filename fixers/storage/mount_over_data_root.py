"""Say how the hidden mount is reached again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def mount_over_data_root(finding: Finding) -> Iterator[Action]:
    """What lies on top may be the wanted one, and may hold files by now."""
    yield Advise(
        text=f"stop the engine; see what is on top (findmnt {finding.subject.name}) and keep what you need of it; then umount "
        f"{finding.subject.name}, and start the engine"
    )
