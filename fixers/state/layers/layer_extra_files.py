"""Say how files are looked at that no image has."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def layer_extra_files(finding: Finding) -> Iterator[Action]:
    """Who wrote them is worth more than their removal."""
    path = finding.evidence[0].source
    yield Advise(
        text=f"ls -la --time-style=full-iso {path!r} shows when and by whom; move it away while the engine is stopped, or docker rmi"
        " and docker pull the image again"
    )
