"""Advise how to complete an interrupted upgrade."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Severity, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def held_or_half_installed(finding: Finding) -> Iterator[Action]:
    """Show the commands; maintainer scripts can restart services, so the user runs them."""
    if finding.severity is Severity.INFO:
        yield Advise(text=f"if the hold is not intended: apt-mark unhold {finding.subject.name}")
    else:
        yield Advise(text="dpkg --configure -a, then apt-get -f install")
