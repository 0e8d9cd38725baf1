"""Keep IPv4 forwarding on when sysctl files are applied."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def ip_forward_reverted_at_boot(detail: OfSysctl, files: SysctlFiles) -> Iterator[Action]:
    """Set the deciding line of each program to 1."""
    yield from persist_sysctl(detail.key, "1", files)
