"""Raise the limits of the neighbour table."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.kernel.details import Thresholds
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def neighbour_table_full(finding: Finding, detail: Thresholds, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Raise them, now and for the next boot; only the machine itself has them, not a container on it."""
    if not detail.settings:
        yield Advise(text=f"raise it on the machine itself: sysctl -w {finding.subject.name}=4096")
    for key, value in detail.settings:
        yield SetSysctl(key=key, value=str(value))
        if isinstance(files, SysctlFiles):
            yield from persist_sysctl(key, str(value), files)
