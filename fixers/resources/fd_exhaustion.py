"""Raise the limit of open files."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import SysctlFiles

KEY = "fs.file-max"


@fixer(applicability=Applicability.SAFE)
def fd_exhaustion(detail: OfLimit, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Double the limit, now and for the next boot."""
    value = str(detail.wanted)
    yield SetSysctl(key=KEY, value=value)
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(KEY, value, files)
