"""A container's interface is not attached to its bridge."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.network.details import Detached
from doctor.facts.network.links import Links
from doctor.facts.network.wires import Wires


@check(
    severity=Severity.ERROR,
    detail=Detached,
    breaks=("egress", "port", "dns"),
    causes=("network/docker0-missing",),
    ends=("no-bridge", "wrong-mac", "neighbour", "wrong-route", "wrong-way"),
    ok="every running container is attached to its bridge",
)
def veth_detached(wires: Wires, links: Links) -> Iterator[Finding]:
    """The host's end of a container's veth is not attached to its network's bridge, so the container is cut off.

    What it looks at:
        For each running container, the host's end of its veth (found by the interface number in the container's network
        namespace), and the bridge that it is attached to.

    Why it matters:
        The container has its address and its routes but reaches nothing; others get "No route to host". The cause is a network
        manager, or an engine restart with live-restore after the bridge was deleted.

    How it is fixed:
        The interface is attached to the bridge; the container does not restart.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    for wire in wires.items:
        network = wire.network
        link = links.link(wire.interface)
        if link is None or link.master == network.bridge:
            continue
        if links.link(network.bridge) is None:
            # network/docker0-missing reports this, and its repair attaches the interface.
            continue
        where = f"attached to {link.master}, not to" if link.master else "not attached to"
        yield Finding(
            subject=Subject("container", wire.container),
            message=(
                f"the interface {link.name} of container {wire.container} is {where} {network.bridge}: "
                f"the container reaches nothing on network {network.name}"
            ),
            evidence=(
                Evidence(
                    "ip addr",
                    f"{link.name}: {f'attached to {link.master}' if link.master else 'attached to no bridge'}",
                ),
                Evidence(
                    f"/proc of {wire.container}", f"its interface on {network.name} is the other end of {link.name}"
                ),
            ),
            detail=Detached(interface=link.name, bridge=network.bridge, now=link.master),
        )
