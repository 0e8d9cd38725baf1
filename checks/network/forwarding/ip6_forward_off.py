"""IPv6 forwarding is off although a network uses IPv6."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.kernel.sysctl import Sysctl
from doctor.facts.network.details import Forwarding6Off
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks

KEY = "net.ipv6.conf.all.forwarding"


@check(
    severity=Severity.WARNING,
    detail=Forwarding6Off,
    ends=("forwarding-off",),
    ok="the kernel forwards IPv6 if a network needs it",
)
def ip6_forward_off(networks: Networks, links: Links, sysctl: Sysctl, engine: EngineConfig) -> Iterator[Finding]:
    """The kernel does not forward IPv6, so containers of networks with IPv6 reach nothing outside over IPv6.

    What it looks at:
        net.ipv6.conf.all.forwarding, and whether a bridge network of the engine has IPv6. Without one, 0 is not a fault, nor is it
        if no route of IPv6 leads out of the host.

    Why it matters:
        Connections to names with IPv6 addresses time out, or are slow until IPv4 is tried. dockerd turns forwarding on when it
        creates such a network, but does not check it later.

    How it is fixed:
        A host that forwards ignores router advertisements, and would lose an IPv6 default route from them. So accept_ra is first
        set to 2 on the uplinks with such a route, also in sysctl.d, then forwarding is turned on. A line that turns it off is
        commented out: dockerd turns it on at its next start, and sets the policy of FORWARD to DROP only if it was off.

    References:
        https://docs.docker.com/engine/daemon/ipv6/
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    with_six = [network for network in networks.bridges if network.ipv6 and not network.internal]
    if not engine.ip_forward or not with_six or sysctl.number(KEY) != 0 or not _leads_outside(links, networks):
        return
    names = ", ".join(network.name for network in with_six)
    yield Finding(
        subject=Subject("sysctl", KEY),
        message=f"{KEY} is 0: containers of network {names} reach nothing outside over IPv6",
        evidence=(
            Evidence("/proc/sys/net/ipv6/conf/all/forwarding", "0"),
            Evidence(networks.source, f"networks with IPv6: {names}"),
        ),
        detail=Forwarding6Off(advertised=_advertised(links, sysctl)),
    )


def _leads_outside(links: Links, networks: Networks) -> bool:
    """Whether containers could reach something over IPv6: a route other than those of bridges and of the links themselves."""
    inner = {"lo", *(network.bridge for network in networks.bridges)}
    return any(
        route.version == 6
        and route.kind == "unicast"
        and route.table != "local"
        and route.device not in inner
        and not route.destination.startswith(("fe80:", "ff00:"))
        for route in links.routes
    )


def _advertised(links: Links, sysctl: Sysctl) -> tuple[str, ...]:
    values = dict(sysctl.interfaces("accept_ra", family="ipv6"))
    devices = (
        route.device
        for route in links.routes
        if route.version == 6 and route.destination == "default" and route.table == "main" and route.protocol == "ra"
    )
    return tuple(dict.fromkeys(device for device in devices if values.get(device) == 1))
