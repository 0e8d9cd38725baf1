"""Widen the range of local ports."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles

_DEFAULT = "32768 60999"


@fixer(applicability=Applicability.SAFE)
def ephemeral_range_tiny(detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set the kernel's default now, and where a file sets another range."""
    yield SetSysctl(key=detail.key, value=_DEFAULT)
    if isinstance(files, SysctlFiles) and files.deciders(detail.key):
        yield from persist_sysctl(detail.key, _DEFAULT, files)
