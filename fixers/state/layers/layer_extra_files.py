"""Show how to examine files that no image has."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def layer_extra_files(finding: Finding) -> Iterator[Action]:
    """Advise to find out who wrote the files before they are removed."""
    path = finding.evidence[0].source
    yield Advise(
        text=f"ls -la --time-style=full-iso {quote(path)} shows when and by whom it was written; move it away while the engine is stopped, or"
        " docker rmi and docker pull the image again"
    )
