"""IPv4 forwarding is off on one interface that containers need."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.details import OfSysctl
from doctor.facts.kernel.sysctl import Sysctl, interface_key
from doctor.facts.network.links import Links


@check(
    severity=Severity.ERROR,
    detail=OfSysctl,
    breaks=("egress", "port", "dns"),
    ends=("forwarding-off",),
    ok="every bridge and uplink forwards IPv4",
)
def interface_forwarding_off(sysctl: Sysctl, links: Links, engine: EngineConfig) -> Iterator[Finding]:
    """A bridge or an uplink does not forward IPv4, so packets that arrive on it are dropped.

    What it looks at:
        net.ipv4.conf.IF.forwarding of each bridge of the engine and of the interfaces of default routes, while
        net.ipv4.ip_forward is 1.

    Why it matters:
        The kernel decides by the interface on which a packet arrives. A 0 on a bridge cuts its containers off; a 0 on the uplink
        blocks all replies and published ports, although net.ipv4.ip_forward is still 1. Writing 1 to ip_forward does not help:
        the kernel only acts on a change.

    How it is fixed:
        The interface's key is set to 1, and so is the sysctl line that sets it to 0, if there is one. For an uplink of a host whose
        policy of FORWARD is ACCEPT this is a question, unless the last healthy scan saw that: the host would forward for everyone.

    References:
        https://docs.kernel.org/networking/ip-sysctl.html
    """
    if not engine.ip_forward or sysctl.number("net.ipv4.ip_forward") != 1:
        return
    bridges = links.engine_bridges()
    if not bridges:
        return
    off = {name for name, value in sysctl.interfaces("forwarding") if value == 0}
    for link in (*bridges, *(link for link in links.uplinks() if not link.is_engine_bridge)):
        if link.name not in off:
            continue
        key = interface_key(link.name, "forwarding")
        follows = (
            f"containers on {link.name} reach nothing outside this host"
            if link.is_engine_bridge
            else f"packets that arrive on {link.name} do not reach containers"
        )
        yield Finding(
            subject=Subject("interface", link.name),
            message=f"{key} is 0 although net.ipv4.ip_forward is 1: {follows}",
            evidence=(
                Evidence(f"/proc/sys/net/ipv4/conf/{link.name}/forwarding", "0"),
                Evidence("/proc/sys/net/ipv4/ip_forward", "1"),
            ),
            detail=OfSysctl(key=key),
        )
