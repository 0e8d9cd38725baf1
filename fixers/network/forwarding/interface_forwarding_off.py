"""Turn on IPv4 forwarding for one interface."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.firewall.forwarding import forward_only_own
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import persist_sysctl
from doctor.facts.details import OfSysctl
from doctor.facts.firewall.forward_policy import OpenPolicies
from doctor.facts.kernel.sysctl import SysctlFiles
from doctor.facts.network.links import Links


@fixer(applicability=Applicability.SAFE)
def interface_forwarding_off(
    finding: Finding,
    detail: OfSysctl,
    files: SysctlFiles | Missing,
    links: Links,
    policies: OpenPolicies | Missing,
) -> Iterator[Action]:
    """Write 1 to the interface's key, and to a line that sets it to 0 at boot."""
    key = detail.key
    actions: list[Action] = [SetSysctl(key=key, value="1")]
    if isinstance(files, SysctlFiles) and any(setter.value == "0" for _, setter in files.deciders(key)):
        actions += persist_sysctl(key, "1", files)
    link = links.link(finding.subject.name)
    if link is not None and link.is_engine_bridge:
        # Only containers' packets arrive there.
        yield from actions
    else:
        yield from forward_only_own(4, actions, policies)
