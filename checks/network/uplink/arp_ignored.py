"""The host does not answer containers that ask for their gateway."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.kept_namespace import HealthyNetwork
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.network.networks import Networks
from doctor.facts.path.own.details import SettingChanged

_NEVER = 8
"""The value by which the kernel answers no question at all."""


@check(
    severity=Severity.ERROR,
    detail=SettingChanged,
    breaks=("egress", "port"),
    ends=("neighbour",),
    ok="the host answers containers that ask for the MAC address of their gateway",
)
def arp_ignored(networks: Networks, sysctl: Sysctl, record: HealthyNetwork | Missing) -> Iterator[Finding]:
    """The setting arp_ignore of a bridge is 8, so the host never answers containers that ask for their gateway (ARP).

    What it looks at:
        arp_ignore of the bridges on which containers run, and of "all": the larger value is effective. Values below 8 answer for the
        addresses of the bridge itself.

    Why it matters:
        As soon as a container forgets the gateway's MAC address, it reaches nothing beyond its network, and answers of its published
        ports end. It looks like a dead bridge; no rule and no log shows it.

    How it is fixed:
        The value of the last healthy scan is set; without one the command is shown. If a file sets the present value, ``--choose`` asks
        whether it stays, or is changed there as well.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    kept = {} if isinstance(record, Missing) else record.namespace.sysctls
    used = {endpoint.network_id for endpoint in networks.running}
    seen: set[str] = set()
    for network in networks.bridges:
        keys = (interface_key(network.bridge, "arp_ignore"), interface_key("all", "arp_ignore"))
        key = next((key for key in keys if sysctl.number(key) == _NEVER), "")
        if not key or key in seen or network.id not in used or not network.gateway:
            continue
        seen.add(key)
        before = kept.get(key, "")
        known = (Evidence(record.place, f"{key} = {before}"),) if before and not isinstance(record, Missing) else ()
        yield Finding(
            subject=Subject("sysctl", key),
            message=(
                f"{key} is {_NEVER}: the host does not answer containers of network {network.name} that ask for their gateway, so"
                " their packets end there"
            ),
            evidence=(Evidence("sysctl", f"{key} = {_NEVER}"), *known),
            detail=SettingChanged(key=key, value=str(_NEVER), was=before if before != str(_NEVER) else ""),
        )
