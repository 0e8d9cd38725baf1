"""Make reverse path filtering loose on one interface."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def rp_filter_strict(detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Set the interface's value to 2, now and for the next boot."""
    key = detail.key
    yield SetSysctl(key=key, value="2")
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(key, "2", files)
