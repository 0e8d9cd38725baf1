"""Say how an interrupted upgrade is ended."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Severity, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def held_or_half_installed(finding: Finding) -> Iterator[Action]:
    """Maintainer scripts restart services: a person runs them."""
    if finding.severity is Severity.INFO:
        yield Advise(text=f"if it need not be kept back: apt-mark unhold {finding.subject.name}")
    else:
        yield Advise(text="dpkg --configure -a, then apt-get -f install")
