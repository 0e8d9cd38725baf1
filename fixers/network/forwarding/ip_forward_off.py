"""Turn IPv4 forwarding on."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, Severity, fixer
from doctor.api.actions.firewall.forwarding import forward_only_own
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import leave_to_engine
from doctor.facts.details import OfSysctl
from doctor.facts.firewall.forward_policy import OpenPolicies
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def ip_forward_off(
    finding: Finding,
    detail: OfSysctl,
    files: SysctlFiles | Missing,
    policies: OpenPolicies | Missing,
) -> Iterator[Action]:
    """Turn forwarding on now, and comment out the lines that would turn it off again.

    No file turns it on: an engine that finds forwarding on at its start leaves the policy of FORWARD at ACCEPT.
    """
    if finding.severity is Severity.INFO:
        # The administrator set "ip-forward": false: that is a decision, not a fault.
        return
    actions: list[Action] = [SetSysctl(key=detail.key, value="1")]
    if isinstance(files, SysctlFiles):
        actions += leave_to_engine(detail.key, files)
    yield from forward_only_own(4, actions, policies)
