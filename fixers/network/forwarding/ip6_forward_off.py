"""Turn IPv6 forwarding on without losing the host's default route."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.firewall.forwarding import forward_only_own
from doctor.api.actions.kernel import SetSysctl
from doctor.api.actions.sysctl import leave_to_engine, persist_sysctl
from doctor.facts.firewall.forward_policy import OpenPolicies
from doctor.facts.kernel.sysctl import SysctlFiles, interface_key
from doctor.facts.network.details import Forwarding6Off

KEY = "net.ipv6.conf.all.forwarding"


@fixer(applicability=Applicability.DISRUPTIVE)
def ip6_forward_off(
    detail: Forwarding6Off,
    files: SysctlFiles | Missing,
    policies: OpenPolicies | Missing,
) -> Iterator[Action]:
    """Make uplinks accept router advertisements while the host forwards, then turn forwarding on."""
    settings = [(interface_key(name, "accept_ra", family="ipv6"), "2") for name in detail.advertised]
    actions: list[Action] = []
    for key, value in settings:
        actions.append(SetSysctl(key=key, value=value))
        if isinstance(files, SysctlFiles):
            actions += persist_sysctl(key, value, files)
    actions.append(SetSysctl(key=KEY, value="1"))
    if isinstance(files, SysctlFiles):
        actions += leave_to_engine(KEY, files)
    yield from forward_only_own(6, actions, policies)
