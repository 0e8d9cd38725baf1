"""A container's interface is in no bridge."""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.links import Links
from doctor.facts.networks import Networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """For the fixer: the host's end of the veth, the bridge it belongs to and the one it is in now ("" for none)."""

    interface: str
    bridge: str
    now: str


@check(
    severity=Severity.ERROR,
    breaks=("egress", "port", "dns"),
    causes=("network/docker0-missing",),
    ok="every running container is attached to its bridge",
)
def veth_detached(networks: Networks, links: Links) -> Iterator[Finding]:
    """The host's end of a container's veth is not attached to its network's bridge, so the container is cut off.

    What it looks at:
        For each running container the interface that the engine recorded for it, and the bridge that the kernel says it is
        a port of.

    Why it matters:
        The container has its address and its routes and reaches nobody; others get "No route to host". An engine restart with
        live-restore after the bridge was lost leaves containers like this, and so do network managers.

    How it is fixed:
        The interface is attached to the bridge; the container does not restart.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    for endpoint in networks.running:
        network = networks.get(endpoint.network_id)
        link = links.link(endpoint.interface) if endpoint.interface else None
        if network is None or link is None or not network.is_bridge or link.master == network.bridge:
            continue
        if links.link(network.bridge) is None:
            # The missing bridge is the finding; its repair attaches this one.
            continue
        where = f"in {link.master}" if link.master else "in no bridge"
        yield Finding(
            subject=Subject("container", endpoint.container or endpoint.container_id[:12]),
            message=(
                f"container {endpoint.container} reaches nothing on network {network.name}: "
                f"its interface {link.name} is {where} instead of {network.bridge}"
            ),
            evidence=(
                Evidence("ip addr", f"{link.name}: {where}"),
                Evidence(networks.source, f"endpoint of {endpoint.container}: {link.name}, {endpoint.ip}"),
            ),
            detail=Detached(interface=link.name, bridge=network.bridge, now=link.master),
        )
