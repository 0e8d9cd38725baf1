"""An engine's bridge has spanning tree turned on."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfLink
from doctor.facts.network.networks import Networks
from doctor.facts.path.namespaces import NetNamespaces

_KERNELS = 1


@check(
    severity=Severity.WARNING,
    detail=OfLink,
    breaks=("egress",),
    ok="no bridge of the engine makes new containers wait for spanning tree",
)
def bridge_stp_on(networks: Networks, namespaces: NetNamespaces) -> Iterator[Finding]:
    """An engine's bridge has spanning tree turned on, so each new container has no network for its first seconds.

    What it looks at:
        The bridge of each bridge network. One with a port that leads elsewhere than to a container is left out (spanning tree may prevent a
        loop there), as is one whose spanning tree is a program's, which may let new ports forward at once.

    Why it matters:
        A new port listens and learns first, for the forward delay each (15 seconds by default), and forwards nothing. Programs that
        connect at their start fail, and a container that restarts in a loop never has a network. Those that run notice nothing.

    How it is fixed:
        The command that turns it off is shown; it acts at once, also on ports that still wait. The engine creates its bridges
        without spanning tree, so another program turned it on.

    References:
        https://docs.kernel.org/networking/bridge.html#spanning-tree-protocol-stp
    """
    for network in networks.bridges:
        link = namespaces.host.named(network.bridge)
        if link is None or link.bridge is None or link.bridge.stp != _KERNELS or not link.bridge.forward_delay:
            continue
        ports = namespaces.host.ports(link.index)
        if any(port.kind != "veth" or port.peer_namespace is None for port in ports):
            continue
        seconds = link.bridge.forward_delay / 100
        yield Finding(
            subject=Subject("network", network.name),
            message=(
                f"{link.name} has spanning tree turned on: each new container of network {network.name} has no network "
                f"for its first {2 * seconds:g} seconds"
            ),
            evidence=(Evidence(f"bridge {link.name}", f"stp_state {link.bridge.stp}, forward_delay {seconds:g} s"),),
            detail=OfLink(name=link.name),
        )
