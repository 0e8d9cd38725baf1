"""Raise the limit of inotify instances."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import SysctlFiles

KEY = "fs.inotify.max_user_instances"


@fixer(applicability=Applicability.SAFE)
def inotify(detail: OfLimit, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Raise the limit, now and for the next boot."""
    value = str(detail.wanted)
    yield SetSysctl(key=KEY, value=value)
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(KEY, value, files)
