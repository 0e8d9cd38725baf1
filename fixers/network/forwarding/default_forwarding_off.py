"""Turn on IPv4 forwarding for new interfaces."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.firewall.forwarding import forward_only_own
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.firewall.forward_policy import OpenPolicies
from doctor.facts.kernel.sysctl import SysctlFiles


@fixer(applicability=Applicability.SAFE)
def default_forwarding_off(
    detail: OfSysctl, files: SysctlFiles | Missing, policies: OpenPolicies | Missing
) -> Iterator[Action]:
    """Write 1 to the key, and to a line that sets it to 0 at boot. Interfaces of others, such as a VPN's, take it, too."""
    key = detail.key
    actions: list[Action] = [SetSysctl(key=key, value="1")]
    if isinstance(files, SysctlFiles) and any(setter.value == "0" for _, setter in files.deciders(key)):
        actions += persist_sysctl(key, "1", files)
    yield from forward_only_own(4, actions, policies)
