"""Raise a limit on namespaces that is 0."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.kernel.details import LimitZero
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def limit_zero(detail: LimitZero, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set the kernel's default now, and in the file that sets 0 at boot."""
    key, value = detail.key, str(detail.wanted)
    yield SetSysctl(key=key, value=value)
    if isinstance(files, SysctlFiles) and any(setter.value == "0" for _, setter in files.deciders(key)):
        yield from persist_sysctl(key, value, files)
