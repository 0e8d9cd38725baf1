"""Keep IPv4 forwarding on when sysctl files are applied."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.sysctl import leave_to_engine
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def ip_forward_reverted_at_boot(detail: OfSysctl, files: SysctlFiles) -> Iterator[Action]:
    """Comment out the lines that turn it off: the engine turns it on at its start, and closes FORWARD to others only then."""
    yield from leave_to_engine(detail.key, files)
