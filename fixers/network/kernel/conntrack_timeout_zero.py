"""Set the kernel's default for a timeout of connection tracking."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.network.details import TimeoutZero


@fixer(applicability=Applicability.SAFE)
def conntrack_timeout_zero(detail: TimeoutZero, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set it now, and where a file sets another value."""
    value = str(detail.usual)
    yield SetSysctl(key=detail.key, value=value)
    if isinstance(files, SysctlFiles) and files.deciders(detail.key):
        yield from persist_sysctl(detail.key, value, files)
