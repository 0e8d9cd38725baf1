"""Turn IPv4 forwarding on."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, Severity, fixer
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def ip_forward_off(finding: Finding, detail: OfSysctl, files: SysctlFiles | Missing) -> Iterator[Action]:
    """Turn forwarding on now, and keep it on after the next boot and the next ``sysctl --system``."""
    if finding.severity is Severity.INFO:
        # Somebody told the engine not to forward: that is a decision, not a fault.
        return
    yield SetSysctl(key=detail.key, value="1")
    if isinstance(files, SysctlFiles):
        yield from persist_sysctl(detail.key, "1", files)
