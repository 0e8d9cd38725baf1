"""Say how a half-done removal ends."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_removal_half_done(finding: Finding) -> Iterator[Action]:
    """Advise to finish it, or to take the files first."""
    files = finding.evidence[-1].value
    yield Advise(
        text=f"take what you need from {files}, then finish the removal: docker rm {finding.subject.name}; if it says "
        f"'operation not permitted', a file there is immutable: chattr -R -i {files}"
    )
