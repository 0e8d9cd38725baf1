"""Bring a container's host config back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action, Advise, CopyOver


@fixer(applicability=Applicability.SAFE)
def hostconfig_corrupt(finding: Finding) -> Iterator[Action]:
    """Put a whole temporary file in its place; never one filled with defaults."""
    detail = finding.detail
    if detail.sibling is not None:
        yield CopyOver(
            source=detail.sibling,
            path=detail.path,
            what=f"restore the host config of container {finding.subject.name} from the file dockerd was about to rename",
        )
        return
    yield Advise(
        text=f"restore {detail.path} from a backup, or create container {finding.subject.name} again; defaults would drop its "
        "limits, capabilities and restart policy"
    )
