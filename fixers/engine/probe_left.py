"""Show how to remove what a killed probe left."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def probe_left(finding: Finding) -> Iterator[Action]:
    """Advise the probe, which knows how to undo each of its starts."""
    del finding
    yield Advise(text="'doctor probe start' removes it")
