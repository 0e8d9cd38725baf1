"""The host's end of a container's interface is down."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.network.links import Links
from doctor.facts.network.wires import Wires


@check(
    severity=Severity.ERROR,
    detail=OfLink,
    breaks=("egress", "port", "dns"),
    ends=("link-down",),
    ok="the interface of every running container is up",
)
def veth_down(wires: Wires, links: Links) -> Iterator[Finding]:
    """The host's end of a container's veth is down, so this container is cut off.

    What it looks at:
        IFF_UP of the host's end of each running container's veth.

    Why it matters:
        Rules, bridge and address look correct, but all packets to and from this container are lost.

    How it is fixed:
        The interface is set up. The container keeps its address and routes, and does not restart.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    for wire in wires.items:
        link = links.link(wire.interface)
        if link is None or link.is_up:
            continue
        yield Finding(
            subject=Subject("container", wire.container),
            message=f"the interface {link.name} of container {wire.container} is down on the host: the container reaches nothing",
            evidence=(Evidence("ip addr", f"{link.name}: flags {' '.join(sorted(link.flags))}, state {link.state}"),),
            detail=OfLink(name=link.name),
        )
