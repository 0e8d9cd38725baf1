"""Say how to learn why the engine hangs."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def hung(finding: Finding) -> Iterator[Action]:
    """Its stacks tell why, and a restart ends them: a person decides."""
    yield Advise(
        text=f"kill -USR1 {finding.detail} writes its stacks to a file that its log names; then restart the engine"
    )
