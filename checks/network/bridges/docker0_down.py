"""A bridge of the engine is down."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.ERROR,
    detail=OfLink,
    breaks=("egress", "port", "dns"),
    ends=("link-down",),
    ok="the bridge of every network is up",
)
def docker0_down(networks: Networks, links: Links) -> Iterator[Finding]:
    """The bridge of a network is down, so its containers reach nothing and nothing reaches them.

    What it looks at:
        IFF_UP of the bridge of every bridge network: docker0 and those of user-defined networks. A bridge without carrier is not
        a fault: it has no carrier while no container is attached.

    Why it matters:
        A bridge that is down has no connected route: containers of the network can't reach each other, the host or the outside,
        and their published ports time out. Other networks continue to work.

    How it is fixed:
        The bridge is set up. It still has its address, and the kernel restores the route.

    References:
        https://man7.org/linux/man-pages/man8/ip-link.8.html
    """
    for network in networks.bridges:
        link = links.link(network.bridge)
        if link is None or link.is_up:
            continue
        yield Finding(
            subject=Subject("network", network.name),
            message=f"the bridge {link.name} of network {network.name} is down: its containers reach nothing",
            evidence=(Evidence("ip addr", f"{link.name}: flags {' '.join(sorted(link.flags))}, state {link.state}"),),
            detail=OfLink(name=link.name),
        )
