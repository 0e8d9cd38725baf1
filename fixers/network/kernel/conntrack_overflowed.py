"""Raise the limit of the connection tracking table."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.kernel import SetSysctl, load_at_boot
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import SysctlFiles

KEY = "net.netfilter.nf_conntrack_max"
_MODULE = "nf_conntrack"


@fixer(applicability=Applicability.SAFE)
def conntrack_overflowed(detail: OfLimit, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Raise the limit, now and for the next boot. An entry in use costs about 320 bytes, an unused one nothing."""
    value = str(detail.wanted)
    yield SetSysctl(key=KEY, value=value)
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(KEY, value, files)
        yield load_at_boot(_MODULE)
