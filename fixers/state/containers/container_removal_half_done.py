"""Show how to finish an interrupted removal."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def container_removal_half_done(finding: Finding) -> Iterator[Action]:
    """Advise to save the files, then to finish the removal."""
    files = finding.evidence[-1].value
    yield Advise(
        text=f"copy the files that you need from {files}, then finish the removal: docker rm {finding.subject.name}; if it reports "
        f"'operation not permitted', a file there is immutable: chattr -R -i {files}"
    )
